"""Cells for a newer Python: what is told of them, and f-strings in the older form."""

import ast
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from grader.intake import Runs, plan_definitions
from grader.intake.newer import newer_syntax, with_older_strings
from grader.intake.source import read_cell

pytestmark = pytest.mark.skipif(sys.version_info >= (3, 12), reason="nothing of this is newer here")

WORDS, TABLE = ["a", "b"], {"k": 7, "w": 4}
STRINGS = [
    (r"f'{', '.join(WORDS)} is' f'{'\n'.join(WORDS)}'", "a, b isa\nb"),
    (r"""f"{TABLE["k"]:>{TABLE["w"]}}" + 'z' """, "   7z"),
    (r"f'{f'{TABLE['k']}'}'", "7"),
    ('f"{\n TABLE["k"]  # the seventh\n}"', "7"),
    (r'''f"{TABLE["k"]!r:>3} {{}} \" \N{BULLET} {(lambda x: x["k"])(TABLE)}"''', '  7 {} " • 7'),
    (r'''rf"\d{TABLE["k"]}"''', r"\d7"),
    (r"f'it\'s {TABLE['k']}' + 'x' * ((1)if'a'else 2)", "it's 7x"),
    (r"""f'''{TABLE['k']}''' f'{TABLE['w']}'""", "74"),
]


@pytest.mark.parametrize(("source", "value"), STRINGS)
def test_strings_in_the_older_form_are_the_same(source: str, value: str) -> None:
    with pytest.raises(SyntaxError):
        ast.parse(source)
    assert newer_syntax(source).startswith("Python 3.12")
    older = with_older_strings(source)
    assert older is not None
    assert older.count("\n") == source.count("\n")
    assert eval(older) == value


@pytest.mark.parametrize(
    ("source", "version"),
    [
        ("type X = int", "3.12"),
        ("def f[T](x: T) -> T: ...", "3.12"),
        ("class A[T = int]: ...", "3.13"),
        ("try: ...\nexcept A, B: ...", "3.14"),
        ("%matplotlib inline\nt = t'{x}'", "3.14"),
    ],
)
def test_newer_syntax_is_named_with_its_version(source: str, version: str) -> None:
    assert newer_syntax(source).startswith(f"Python {version} (")


@pytest.mark.parametrize("source", ["def f(:", "x = (1", "print 'a'", "type X = (", "\0", "f'{'"])
def test_what_is_wrong_in_every_python_is_no_newer_one(source: str) -> None:
    assert newer_syntax(source) == ""


@pytest.mark.parametrize("part", ["f'{", "f'{'", "(", '"', "f'{x:", "f'{(\\", "{", "f'{{"])
def test_hostile_strings_take_no_time(part: str) -> None:
    with_older_strings(part * 20_000)


def test_only_what_stands_in_newer_syntax_is_not_read() -> None:
    text = "import os\ntype X = int\n\ndef one(x: X):\n    return x\n\ntype Y = str\nTWO = 2\n"
    cell = read_cell(3, text)
    assert cell.newer
    assert [piece.source.split("\n")[0] for piece in cell.pieces] == [
        "import os",
        "def one(x: X):",
        "TWO = 2",
    ]
    assert cell.lost == ("X", "Y")


def test_a_newer_definition_counts_before_an_older_one_above_it() -> None:
    old = new_code_cell("def beta_schedule(beta1, beta2, T, schedule):\n    return None")
    new = new_code_cell("def beta_schedule[T](beta1: T, beta2, T_, schedule):\n    return beta1")
    assert plan_definitions(new_notebook(cells=[old, new])).gone["beta_schedule"].ours
    assert plan_definitions(new_notebook(cells=[new, old])).gone == {}


def test_saved_outputs_tell_what_ran() -> None:
    cells = [
        new_code_cell("a = 1", execution_count=1),
        new_code_cell("b = c", execution_count=2),
        new_code_cell("loss.backward()"),
    ]
    cells[1].outputs = [new_output("error", ename="NameError", evalue="name 'c'", traceback=[])]
    notebook = new_notebook(cells=cells)
    runs = Runs(notebook)
    assert runs.raised("NameError: name 'c'")
    assert not runs.raised("NameError: name 'd'")
    assert not runs.shows_use
    cells[2].execution_count = 3
    assert Runs(notebook).shows_use


@pytest.mark.parametrize(
    ("version", "elsewhere"), [("2.7.1", True), ("3.11.2", False), ("3.99.0", True), (None, False)]
)
def test_a_version_that_is_not_known_here_may_read_what_no_other_can(
    version: str | None, elsewhere: bool
) -> None:
    notebook = nbformat.from_dict(new_notebook(cells=[new_code_cell("a", execution_count=1)]))
    notebook.metadata.language_info = {"name": "python", "version": version}
    assert Runs(notebook).only_elsewhere(1) is elsewhere
