"""The processes below a kernel's first one: all of them, and no others."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from grader.sandbox import warden
from grader.sandbox.warden import LOOKS, Process, Table

CHAIN = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, flush=True); input()"


@pytest.fixture
def chain() -> Iterator[tuple[int, int]]:
    """The numbers of a process and of its child."""
    with subprocess.Popen(
        [sys.executable, "-c", CHAIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout is not None
        child = int(started.stdout.readline())
        yield started.pid, child
        os.kill(child, 9)
        started.kill()


def family(table: Table, root: int) -> set[int]:
    return {member.pid for member in table.families({root: 10_000})[root]}


def test_children_of_children_belong_to_it(chain: tuple[int, int]) -> None:
    parent, child = chain
    assert family(Table(), parent) == {parent, child}
    assert family(Table(), os.getpid()) >= {os.getpid(), parent, child}


def test_what_comes_later_is_seen_and_what_goes_is_not() -> None:
    table = Table()
    before = family(table, os.getpid())
    with subprocess.Popen(["sleep", "60"]) as later:
        assert family(table, os.getpid()) == before | {later.pid}
        later.kill()
    for _ in range(LOOKS + 1):  # whatever is read again and whatever is not
        assert later.pid not in family(table, os.getpid())


def test_of_several_kernels_each_has_its_own(chain: tuple[int, int]) -> None:
    parent, child = chain
    with subprocess.Popen(["sleep", "60"]) as other:
        families = Table().families({parent: 9, other.pid: 9})
        assert {m.pid for m in families[parent]} == {parent, child}
        assert {m.pid for m in families[other.pid]} == {other.pid}
        other.kill()


def test_of_too_many_no_more_are_looked_for_than_needed(chain: tuple[int, int]) -> None:
    assert len(Table().families({chain[0]: 0})[chain[0]]) == 1
    assert len(Table().families({os.getpid(): 1})[os.getpid()]) == 2


def test_of_too_many_no_more_are_looked_for_where_numbers_began_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(warden.os, "listdir", lambda place: ["5", "6", "7", "100"])
    field = {5: b"100", 6: b"100", 7: b"6", 100: b"1"}
    monkeypatch.setattr(
        warden, "process", lambda pid: Process(pid, [b"S", field[pid], *[b"1"] * 16])
    )
    assert family(Table(), 100) == {5, 6, 7, 100}
    assert len(Table().families({100: 1})[100]) == 2


def test_who_was_a_stranger_is_known_as_soon_as_its_kernel_is_watched(
    chain: tuple[int, int],
) -> None:
    table = Table()
    table.families({})
    table.look_again()  # as the warden does when it is told of another kernel
    assert family(table, chain[0]) == set(chain)


def test_of_who_is_gone_nothing_is_left() -> None:
    with subprocess.Popen(["true"]) as gone:
        pass
    assert family(Table(), gone.pid) == set()


def test_the_warden_reads_all_again_for_each_new_kernel(
    chain: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    watching = warden.Warden()
    watching.table.families({})
    order = {"pid": chain[0], "alone": False, "places": [], "memory": 2**40, "processes": 1}
    said: list[dict[str, object]] = []
    ended: list[set[int]] = []
    monkeypatch.setattr(warden, "say", lambda **fields: said.append(fields))
    monkeypatch.setattr(
        warden.Kernel, "end", lambda kernel, members: ended.append({m.pid for m in members})
    )
    watching.obey({"watch": 1, **order})
    watching.look(0.05)
    assert said == [{"id": 1, "crossed": "processes"}]
    assert ended == [set(chain)]
