"""What would be packed, and what ``--watch`` takes for a change."""

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.errors import Rejected
from grader.kit.fill import DIFFUSION, TEXT_TO_IMAGE
from grader.paths import COLLECT_SCRIPT
from grader.selfcheck import command
from grader.selfcheck.found import as_submission, find
from grader.selfcheck.lines import Line, news
from grader.selfcheck.words import Words
from tests.kit.test_collect import collect, members
from tests.selfcheck.conftest import solve_in


def test_what_is_found_is_what_is_packed(folder: Path) -> None:
    shutil.copy(COLLECT_SCRIPT, folder)
    results = folder / "results_epsilon_linear"
    results.mkdir()
    for name in ("image_final.png", "._image_final.png", "image_ep5.png"):
        (results / name).write_bytes(b"...")
    (folder / f".~{DIFFUSION}").write_text("{")
    (folder / f"._{DIFFUSION}").write_bytes(b"\0\5\26\7")
    collect(folder, "--no-check", "2000-00000")
    assert {path.as_posix() for path in find(folder).files} == members(folder)


def test_a_file_that_goes_after_it_was_found_is_said(folder: Path) -> None:
    packed = find(folder)
    (folder / DIFFUSION).unlink()
    assert len(packed.stamp) == 2
    with (
        pytest.raises(Rejected, match=rf"{DIFFUSION} cannot be read\."),
        as_submission(packed),
    ):
        pass


@pytest.fixture
def every_second(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[Callable[[], object]]], None]:
    """Something that happens in every second of waiting; it ends when no more is to come."""

    def happens(events: list[Callable[[], object]]) -> None:
        monkeypatch.setattr(time, "sleep", lambda seconds: events.pop(0)())

    return happens


def test_what_changed_is_named(folder: Path) -> None:
    before = find(folder)
    (folder / "more.ipynb").write_text("{}")
    (folder / TEXT_TO_IMAGE).unlink()
    assert find(folder).changed_since(before) == [Path(TEXT_TO_IMAGE), Path("more.ipynb")]
    old = [Line(":(", "loss.epsilon", "It differs."), Line(":)", "loss.sample", "It is right.")]
    new = [Line(":)", "loss.epsilon", "It is right."), old[1]]
    words = Words("en")
    assert list(news(old, new, words)) == ["Since the last check:", "    :( -> :) loss.epsilon"]
    assert list(news(new, new, words)) == ["No mark changed."]
    assert list(news([], new, words)) == ["No mark changed."]


def nothing() -> None:
    pass


def test_what_is_saved_during_a_check_is_noticed(
    folder: Path, every_second: Callable[..., None]
) -> None:
    before = find(folder)
    solve_in(folder)
    every_second([nothing, nothing])
    now = command.wait_for_change(before, Words("en"), sys.stdout)
    assert now.stamp == find(folder).stamp != before.stamp


def test_what_is_half_written_is_waited_for(
    folder: Path, every_second: Callable[..., None]
) -> None:
    file = folder / DIFFUSION
    whole = file.read_bytes()
    before = find(folder)
    every_second(
        [
            lambda: file.write_bytes(whole[:100]),
            lambda: file.write_bytes(whole[:200]),
            file.unlink,  # some editors rename
            lambda: file.write_bytes(whole + b" "),
            nothing,
        ]
    )
    now = command.wait_for_change(before, Words("en"), sys.stdout)
    assert (Path(DIFFUSION), len(whole) + 1) in {(path, size) for path, _, size in now.stamp}
    assert Path(TEXT_TO_IMAGE) in now.files
