"""What a student's terminal is asked to show, and what happens where it cannot."""

import io
import os
import sys

import pytest

from grader.results import CheckResult, State
from grader.selfcheck import start
from grader.selfcheck.command import Progress, in_colour
from grader.selfcheck.lines import Line, displayed, sentence_of, table
from grader.selfcheck.words import Words


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


LINES = [
    Line(":)", "schedule_parameters.bt_over_sqrtmab", "beta로부터 올바르게 계산되었습니다."),
    Line(":(", "loss.epsilon", "The loss is not a single number."),
]


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    shown = list(table(LINES, columns, colour=False))
    assert max(map(displayed, shown)) <= columns
    assert [line[:2] for line in shown if line[0] == ":"] == [":)", ":("]
    assert "single" in " ".join(shown)


def test_progress_leaves_nothing_behind_where_only_returns_are_known() -> None:
    out = Terminal()
    progress = Progress(Words("en"), out)
    for stage in ("looking at the four settings", "short", ""):
        progress(stage)
    shown = ""
    for text in out.getvalue().split("\r"):  # as notebooks show it: over what stood there
        shown = text + shown[len(text) :]
    assert shown.strip() == ""
    assert "\033" not in out.getvalue()


def test_colours_are_for_terminals_that_know_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "WT_SESSION"):
        monkeypatch.delenv(name, raising=False)
    assert in_colour(Terminal())
    assert not in_colour(io.StringIO())
    with monkeypatch.context() as windows:
        windows.setattr(os, "name", "nt")
        assert not in_colour(Terminal())
        windows.setenv("WT_SESSION", "1")
        assert in_colour(Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not in_colour(Terminal())


def test_an_error_is_said_with_its_place() -> None:
    traceback = "  cell 3, line 9, in sample\n  torch/nn.py, line 5\n  cell 17, line 19, in forward"
    check = CheckResult("loss.epsilon", State.ERROR, 0, 5, "It raised.", {"traceback": traceback})
    assert sentence_of(check, Words("en")) == "It raised. (cell 17, line 19)"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(32, "Broken pipe"), 0, ""),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
    ],
)
def test_what_ends_it_early_is_one_line_at_most(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fails(lang: str) -> int:
        raise error

    monkeypatch.setattr(start, "unpack_and_check", fails)
    monkeypatch.setattr(start, "drop_the_rest", lambda: None)
    monkeypatch.setattr(sys, "argv", ["selfcheck.pyz"])
    with pytest.raises(SystemExit) as ended:
        start.start()
    assert ended.value.code == code
    assert said in capsys.readouterr().err
