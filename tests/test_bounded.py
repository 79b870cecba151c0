"""What is done in a child: its answer comes back, and what it may not do ends it alone."""

import os
import signal
import time
from pathlib import Path

import pytest

from grader import bounded as module
from grader.bounded import LARGE, NESTED, TooMuch, bounded, bounded_for, in_this_process
from grader.errors import Rejected
from grader.text_to_image.values import UNKNOWN


def where() -> int:
    return os.getpid()


def same(value: object) -> object:
    return value


def endless() -> None:
    while True:
        pass


def waits() -> None:
    time.sleep(60)


def large() -> None:
    bytes(4 * module.MEMORY)


def large_answer() -> bytes:
    return bytes(module.ANSWER + 1)


def deep(depth: int = 0) -> int:
    return deep(depth + 1)


def deep_answer() -> list[object]:
    found: list[object] = []
    for _ in range(100_000):
        found = [found]
    return found


def ends(path: Path) -> None:
    with path.open("a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGSEGV)


def rejects() -> None:
    raise Rejected("It is empty.", "abc")


def odd_error() -> None:
    class Odd(Exception):
        pass

    raise Odd("what")


def test_work_is_done_in_another_process_and_its_answer_comes_back() -> None:
    assert bounded(where) not in (os.getpid(), bounded(where))
    assert bounded(same, {"a": [1, "한글"]}) == {"a": [1, "한글"]}
    assert bounded(same, UNKNOWN) is UNKNOWN


def test_an_answer_of_many_bytes_comes_back_whole() -> None:
    assert bounded(same, bytes(20_000_000)) == bytes(20_000_000)


@pytest.mark.parametrize("work", [large, large_answer])
def test_too_much_memory_is_too_much(work: object) -> None:
    with pytest.raises(TooMuch, match=str(LARGE)):
        bounded(work)  # type: ignore[arg-type]


@pytest.mark.parametrize("work", [deep, deep_answer])
def test_what_is_nested_too_deeply_is_too_much(work: object) -> None:
    with pytest.raises(TooMuch, match=str(NESTED)):
        bounded(work)  # type: ignore[arg-type]


def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(TooMuch, match="more than 1 seconds"):
        bounded_for(1, endless)


def test_what_waits_without_an_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooMuch, match="more than 1 seconds"):
        bounded_for(1, waits)


def test_what_ends_its_process_is_tried_once_more(tmp_path: Path) -> None:
    with pytest.raises(TooMuch, match="ended"):
        bounded(ends, tmp_path / "tries")
    assert (tmp_path / "tries").read_text() == "xx"
    assert bounded(same, 1) == 1


def test_errors_come_back_as_they_are() -> None:
    with pytest.raises(Rejected, match="It is empty") as raised:
        bounded(rejects)
    assert raised.value.sha256 == "abc"
    with pytest.raises(RuntimeError, match="Odd: what"):
        bounded(odd_error)


def test_a_helper_that_was_ended_is_replaced() -> None:
    assert bounded(same, 1) == 1
    helper = module._helpers[os.getpid()]
    helper._process.kill()
    helper._process.wait()
    assert bounded(same, 2) == 2


def test_students_who_check_their_own_work_need_no_child() -> None:
    with in_this_process():
        assert bounded(where) == os.getpid()
        with pytest.raises(TooMuch, match=str(NESTED)):
            bounded(deep)
    assert bounded(where) != os.getpid()
