"""The processes below one, looked for many times a second."""

import os

import psutil

PROC = "/proc"
LOOKS = 20  # after as many, numbers may stand for other processes: all are read again


class Family:
    """A process and all that it started.

    The system's table of processes is long and hardly changes; what was seen not to belong to the
    family is not read at the next look.
    """

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._members: dict[int, psutil.Process | None] = {pid: self._root}
        self._strangers: set[int] = set()
        self._looks = 0

    def look(self) -> list[psutil.Process]:
        """Its members now. Raises ``psutil.NoSuchProcess`` when the first of them is gone."""
        if not self._root.is_running():
            raise psutil.NoSuchProcess(self._root.pid)
        if not os.path.exists(f"{PROC}/self"):  # not on Linux
            return [self._root, *self._root.children(recursive=True)]
        if self._looks % LOOKS == 0:
            self._strangers.clear()
        self._looks += 1
        pids = {int(name) for name in os.listdir(PROC) if name.isdigit()}
        self._strangers &= pids
        members = descendants(self._root.pid, pids - self._strangers)
        self._strangers |= pids - members
        self._members = {pid: self._member(pid) for pid in members}
        return [process for process in self._members.values() if process is not None]

    def _member(self, pid: int) -> psutil.Process | None:
        known = self._members.get(pid)
        if known is not None:
            return known
        try:
            return psutil.Process(pid)
        except psutil.NoSuchProcess:
            return None


def descendants(root: int, pids: set[int]) -> set[int]:
    """Of ``pids``, those that descend from ``root``, and ``root``."""
    children: dict[int, list[int]] = {}
    for pid in pids:
        children.setdefault(parent_of(pid), []).append(pid)
    found, waiting = {root}, [root]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def parent_of(pid: int) -> int:
    """0 if it is gone."""
    try:
        with open(f"{PROC}/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return 0
    return int(text.rpartition(b")")[2].split()[1])  # the name may hold anything, brackets too
