"""Jobs on executors: every one once, whatever happens to the workers."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.batch.executors import Local, dispatch
from grader.errors import GraderError
from tests.batch.fake import Threads


def double(number: int) -> int:
    return 2 * number


def dies_on_three(number: int) -> int:
    if number == 3:
        os._exit(1)
    time.sleep(0.05)
    return number


def dies_once(path: Path) -> str:
    if not path.exists():
        path.touch()
        os._exit(1)
    return "alive"


def refuses(number: int) -> int:
    raise GraderError(f"no {number}")


def test_every_job_is_answered_once() -> None:
    answers = dict(dispatch(range(50), double, Threads()))
    assert answers == {n: 2 * n for n in range(50)}


def test_jobs_are_asked_for_only_when_there_is_room() -> None:
    asked: list[int] = []

    def jobs() -> Iterator[int]:
        for number in range(20):
            asked.append(number)
            yield number

    for done, _ in enumerate(dispatch(jobs(), double, Threads()), 1):
        assert len(asked) <= done + 2


def test_no_job_is_no_work() -> None:
    assert list(dispatch([], double, Threads())) == []


def test_a_worker_that_cannot_work_at_all_is_one_line() -> None:
    with pytest.raises(GraderError, match=r"cannot do its work \(ZeroDivisionError"):
        list(dispatch([0], lambda number: 1 // number, Threads()))


def test_an_error_written_for_people_ends_the_batch() -> None:
    with pytest.raises(GraderError, match=r"no 1"):
        list(dispatch([1], refuses, Threads()))


def test_a_job_that_ends_its_worker_is_given_up_and_harms_no_other(tmp_path: Path) -> None:
    answers = list(dispatch(range(6), dies_on_three, Local(2, tmp_path)))
    assert sorted(answers) == [(n, None if n == 3 else n) for n in range(6)]


def test_a_worker_that_dies_once_costs_nothing(tmp_path: Path) -> None:
    assert list(dispatch([tmp_path / "died"], dies_once, Local(1, tmp_path))) == [
        (tmp_path / "died", "alive")
    ]


def dies_or_works(seconds: float) -> float:
    if seconds == 0:
        time.sleep(0.3)
        os._exit(1)
    time.sleep(seconds)
    return seconds


def test_a_busy_worker_is_ended_with_its_pool_and_its_job_done_again(tmp_path: Path) -> None:
    answers = list(dispatch([0.0, 1.5], dies_or_works, Local(2, tmp_path)))
    assert sorted(answers) == [(0.0, None), (1.5, 1.5)]


def test_leaving_early_ends_what_is_under_way(tmp_path: Path) -> None:
    began = time.monotonic()
    answers = dispatch([0, 60], time.sleep, Local(2, tmp_path))  # type: ignore[arg-type]
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 50
