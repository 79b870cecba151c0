"""Notebook 2-2: what was asked, what came out, what it earns."""

import time
from collections.abc import Iterator

import pytest

from grader.checks.text_to_image import damaged, judge
from grader.pictures.decode import decoding_session
from grader.sandbox import KernelSession, Limits, choose_sandbox
from grader.text_to_image.calls import read_calls
from grader.text_to_image.sheet import draw_sheet
from grader.text_to_image.values import UNKNOWN
from grader.text_to_image.works import Works, find_works
from tests.text_to_image.notebooks import (
    AS_EXAMPLE,
    MADE,
    MISSING,
    OWN,
    PASSED,
    REVIEW,
    THREE,
    VARIANTS,
    cell,
    notebook,
    picture,
    template,
)


@pytest.fixture(scope="module")
def session() -> Iterator[KernelSession]:
    with decoding_session(choose_sandbox("bubblewrap"), Limits()) as session:
        yield session


@pytest.mark.parametrize("name", VARIANTS)
def test_each_variant_earns_what_it_should(name: str, session: KernelSession) -> None:
    make, wanted = VARIANTS[name]
    verdicts, flags = judge(find_works(session, make()))
    assert {v.check.split(".")[1]: v.state for v in verdicts} == wanted, verdicts
    assert all(v.fraction == (v.state in (PASSED, REVIEW)) or "read" in v.message for v in verdicts)
    assert any(flag.id == "safety_checker_black" for flag in flags) == (
        name in ("all black", "one of four pictures black", "one colour")
    )


@pytest.mark.parametrize(
    "binds",
    [
        "ims = [pipe(prompt).images for prompt in prompts]",
        "for prompt, steps, seed in zip(prompts, (9, 9, 9), (1, 2, 3)):\n    pipe(prompt)",
        "for n, (prompt, s) in enumerate([(p, 1) for p in prompts]):\n    pipe(prompt)",
        "make = lambda prompt: pipe(prompt)\nfor p in prompts:\n    make(p)",
        "def make(*several):\n    [pipe(prompt) for prompt in several]\nmake(*prompts)",
        "def make(*several):\n    [pipe(prompt) for prompt in several]\nmake(prompts[0])",
        "prompt, steps = prompts[0], 9\npipe(prompt)",
        "prompt, steps = ask()\npipe(prompt)",
        "with ask() as prompt:\n    pipe(prompt)",
        "from somewhere import prompt\npipe(prompt)",
        "def choose():\n    global prompt\n    prompt = prompts[0]\nchoose()\npipe(prompt)",
        "pipe(prompt := prompts[0])\npipe(prompt)",
        "if (prompt := input()):\n    pipe(prompt)",
        "for n in range(len(prompts)):\n    prompt = '{} {}'.format(prompts[n], n)\n    pipe(prompt)",
        "prompt = 'a %s' % prompts[0]\npipe(prompt)",
    ],
)
def test_a_name_that_is_set_anew_is_not_the_examples(binds: str) -> None:
    example, *own = read_calls(notebook(MADE, AS_EXAMPLE, THREE, binds))
    assert example.prompt == "a photo of nike air jordan shoes"
    assert own
    assert all(asked.prompt != example.prompt for asked in own)


def test_what_was_asked_is_read() -> None:
    (example, own) = read_calls(template())
    assert example.prompt == "a photo of nike air jordan shoes"
    assert (own.guidance, own.steps, own.seed) == (8.0, 40, 2023)
    loop = VARIANTS["several prompts in a loop"][0]()
    assert [a.prompt for a in read_calls(loop)] == ["a red fox", "a blue whale", "a green owl"]
    (made,) = read_calls(VARIANTS["a function that makes pictures"][0]())
    assert (made.prompt, made.steps, made.cell) == ("a red fox", 25, 3)
    (typed,) = (a for a in read_calls(VARIANTS["a prompt typed in"][0]()) if a.cell > 8)
    assert typed.prompt is UNKNOWN
    seeded = notebook(MADE, "torch.manual_seed(7)", "pipe('a red fox')")
    assert [a.seed for a in read_calls(seeded)] == [7]


def test_calls_without_end_are_no_trap() -> None:
    recursive = "def f(p):\n    pipe(p)\n    f(p)\n    f(p)\nf('a red fox')"
    assert 1 <= len(read_calls(notebook(MADE, recursive))) <= 200
    wide = "for a in x:\n" + "".join(f"{'  ' * n}for b{n} in y:\n" for n in range(1, 15))
    assert read_calls(notebook(MADE, f"{wide}{'  ' * 15}pipe(a)"))
    many = "x = [1] * 16\n" + "".join(f"{'  ' * n}for b{n} in x:\n" for n in range(15))
    assert read_calls(notebook(MADE, f"{many}{'  ' * 16}y = 1", "pipe('a red fox')")) == []
    deep = "pipe('a' + " + "(" * 90 + "'b'" + ")" * 90 + ")"
    assert len(read_calls(notebook(MADE, deep, "pipe(" + "'a' + " * 5000 + "'b')"))) <= 2


GROWING = {
    "lists that double": "x = ['a']\n" + "x = [x, x]\n" * 200 + "pipe(f'{x}')\npipe('%s' % x)",
    "names": "\n".join(f"a{n} = a{n - 1} + 'b'" for n in range(1, 20_000)),
    "entries": "d = {}\n" + "\n".join(f"d['{n}'] = {n}" for n in range(10_000)),
    "classes": "\n".join(f"class A{n}:\n  x = 1" for n in range(8000)),
    "calls": "def f(p):\n  x = p\n" + "\n".join(f"f({n})" for n in range(15_000)),
    "calls in calls": "def f(p):\n  return p\nx = "
    + "f(" * 80
    + str(list(range(10_000)))
    + ")" * 80,
    "comprehensions": "x = [1] * 20\n" + "[" * 6 + "pipe(a)" + " for a in x]" * 6,
    "tables in loops": "for i in range(20):\n for j in range(20):\n  for k in range(20):\n   pipe("
    + str(["a"] * 5000)
    + ")",
}


@pytest.mark.parametrize("kind", GROWING)
def test_time_is_in_proportion_to_the_code(kind: str) -> None:
    began = time.process_time()
    calls = read_calls(notebook(GROWING[kind]), uncalled=True, otherwise=True)
    assert time.process_time() - began < 15  # seconds; one on a machine at rest
    assert sum(len(a.prompt) for a in calls if isinstance(a.prompt, str)) < 10**6


def test_a_missing_and_a_damaged_notebook() -> None:
    assert {v.state for v in judge(None)[0]} == {MISSING}
    assert {v.state for v in damaged("The notebook x is damaged.")} == {REVIEW}


def test_the_sheet_shows_text_as_text(session: KernelSession) -> None:
    hostile = "'<b>\\x1b[31m여우 ' + 'long ' * 3 + '" + "w" * 300 + "'"
    works: Works = find_works(
        session, notebook(MADE, cell(f"pipe({hostile}).images[0]", OWN, picture(3)))
    )
    page = draw_sheet(works)
    assert page.size[0] == 1080
    assert page.size[1] > 504
