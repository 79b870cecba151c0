"""Statements of a cell that run together keep their lines, and the one that fails is named; what is
not plain Python runs as IPython has it."""

import math

from grader.sandbox import Limits, Sandbox, Status
from tests.sandbox.helpers import Cell, ask, returned, running


def test_imports_and_constants_run_as_one_cell(bubblewrap: Sandbox) -> None:
    statements = [
        Cell("import math", cell=2, repeatable=True),
        Cell("a = 2", cell=2, line=3, repeatable=True),
        Cell("def count():\n    return get_ipython().execution_count, a * math.pi", cell=3),
    ]
    with running(bubblewrap, Limits()) as session:
        session._statements = tuple(statements)
        assert session.prepare() == {}
        assert returned(session, "count") == [3, 2 * math.pi]  # two cells ran before


def test_what_runs_together_keeps_its_lines(bubblewrap: Sandbox) -> None:
    statements = [
        Cell("def start():\n    return 1", cell=3, line=2, repeatable=True),
        Cell("def fall():\n    return 1 / 0", cell=3, line=7, repeatable=True),
        Cell("a = 1", cell=4, repeatable=True),
        Cell("b = 2", cell=4, repeatable=True),  # on the same line, after a semicolon
        Cell("def total():\n    return get_ipython().execution_count, a + b", cell=5),
    ]
    with running(bubblewrap, Limits()) as session:
        session._statements = tuple(statements)
        assert session.prepare() == {}
        assert "cell 3, line 8" in ask(session, "fall").traceback
        assert returned(session, "total") == [5, 3]  # four cells ran before


def test_what_ipython_understands_beside_python_runs(bubblewrap: Sandbox) -> None:
    sources = [
        "In [1]: a = [",
        "In [2]: b = 3",
        "%time c = 4",
        "d = !echo 5",
        ">>> e = 6\n>>> f = 7",
    ]
    total = "import ast\ndef total():\n    return b + c + e + f + int(d[0])"
    with running(bubblewrap, Limits(), *sources, total) as session:
        assert set(session.prepare()) == {0}
        assert returned(session, "total") == 25


def test_of_statements_that_run_together_the_one_that_fails_is_named(bubblewrap: Sandbox) -> None:
    statements = [
        Cell("import math", cell=4, repeatable=True),
        Cell("\nimport no_such_module", cell=4, line=2, repeatable=True),
        Cell("a = 2", cell=4, line=6, repeatable=True),
        Cell("def area():\n    return a * math.pi", cell=6),
    ]
    with running(bubblewrap, Limits()) as session:
        session._statements = tuple(statements)
        (failed,) = session.prepare().items()
        assert failed[0] == 1
        assert failed[1].message == "ModuleNotFoundError: No module named 'no_such_module'"
        assert "cell 4, line 3" in failed[1].traceback
        assert returned(session, "area") == 2 * math.pi
        assert session.starts == 1


def test_of_statements_that_run_together_the_lethal_one_is_left_out(bubblewrap: Sandbox) -> None:
    statements = [
        Cell("a = 1", cell=2, repeatable=True),
        Cell("import os; os._exit(1)", cell=2, line=2, repeatable=True),
        Cell("b = 2", cell=2, line=3, repeatable=True),
        Cell("def total():\n    return a + b", cell=5),
    ]
    with running(bubblewrap, Limits()) as session:
        session._statements = tuple(statements)
        failed = session.prepare()
        assert {index: outcome.status for index, outcome in failed.items()} == {1: Status.killed}
        assert returned(session, "total") == 3
