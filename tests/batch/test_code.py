"""The code that is kept of what ran."""

import time

import pytest

from grader.batch import code
from grader.batch.code import MOST_CODE, judged, judged_code, kept_code
from grader.bounded import TooMuch
from grader.intake import Statement, plan_definitions
from grader.kit.fill import DIFFUSION, read_template, solve


def test_each_item_has_what_defines_it_and_what_that_needs_as_it_is_written() -> None:
    notebook = solve(read_template(DIFFUSION))
    plan = plan_definitions(notebook)
    kept = judged_code(plan.statements, judged())
    assert kept["whole"]
    for item, name in (
        ("beta_schedule", "def beta_schedule("),
        ("schedule_parameters", "def ddpm_schedules("),
        ("loss", "class DDPM("),
        ("sampling", "class DDPM("),
    ):
        texts = [kept["statements"][place] for place in kept["of"][item]]
        (found,) = [text for text in texts if text[2].startswith(name)]
        cell, line, source = found
        assert (
            source.split("\n")
            == notebook.cells[cell - 1].source.split("\n")[line - 1 :][: len(source.split("\n"))]
        )
        assert not any(text[2].startswith("import ") for text in texts)
    needed = [kept["statements"][place][2] for place in kept["of"]["schedule_parameters"]]
    assert any(text.startswith("def beta_schedule(") for text in needed)


def test_helpers_are_found_however_far_and_unread_text_harms_nobody() -> None:
    statements = [
        Statement(1, 1, "a = 1", ("a",)),
        Statement(2, 1, "def helper(): return a", ("helper",)),
        Statement(3, 1, "this is no Python", ("unread",)),
        Statement(4, 3, "def beta_schedule(): return helper()", ("beta_schedule",)),
        Statement(5, 1, "other = 2", ("other",)),
    ]
    assert judged_code(statements, judged())["of"]["beta_schedule"] == [0, 1, 3]


def test_it_is_bounded_and_linear() -> None:
    many = [Statement(1, n, f"n{n} = n{n + 1}", (f"n{n}",)) for n in range(5000)]
    many.append(Statement(2, 1, "class DDPM: x = n0", ("DDPM",)))
    began = time.perf_counter()
    kept = judged_code(many, judged())
    assert time.perf_counter() - began < 20
    assert len(kept["of"]["loss"]) == 5001
    huge = [Statement(1, 1, "x" * MOST_CODE, ("x",)), Statement(2, 1, "y = 1", ("y",))]
    assert judged_code(huge, judged())["whole"] is False
    assert judged_code([Statement(1, 1, "(" * 100_000, ("x",))], judged())["statements"]


def test_it_is_read_in_a_child_and_what_is_too_much_for_that_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    statements = [Statement(1, 1, "class DDPM:\n    def sample(self):\n        pass", ("DDPM",))]
    kept = kept_code(statements)
    assert kept == judged_code(statements, judged())
    assert kept["looked_at"]["sampling"] == [[0, 1, 3]]

    def too_much(*given: object) -> None:
        raise TooMuch("it takes more than 10 seconds to read")

    monkeypatch.setattr(code, "bounded", too_much)
    assert kept_code(statements) == {"statements": [], "of": {}, "looked_at": {}, "whole": False}


def test_terminal_escapes_and_bidi_marks_are_taken_out() -> None:
    evil = 'x = "\x1b[31m\u202e"'
    ((_, _, text),) = judged_code([Statement(1, 1, evil, ("x",))], judged())["statements"]
    assert text == 'x = ""'
