"""Watches the processes of all kernels, in a process that their messages cannot keep busy.

Sent as text (``python -c``); needs Linux' /proc and the standard library alone. About twenty times
a second it adds up what all processes of each kernel use: resource limits alone don't do, as they
count each process for itself. Lines of JSON come in, one for each kernel to watch, or no more::

    {"watch": 1, "pid": its first process, "alone": whether all others end with that one,
     "places": [its scratch folders, as it sees them], "memory": bytes, "processes": number}
    {"forget": 1}

and go out: ``{"id": 1, "crossed": "memory"}`` before it ends the kernel's processes for crossing a
limit, and ``{"id": 1, "forgotten": true}`` when no more is to come of it.
"""

import contextlib
import json
import os
import queue
import resource
import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

PERIOD_SECONDS = 0.05
LOOKS = 20  # after as many, numbers may stand for other processes: all are read again
CORES = os.cpu_count() or 1
BUSY = max(32, 4 * CORES)
"""So many processes and threads may want a core at once, on average."""
CROWD = max(4, CORES)
"""With more of them a submission gives way to others."""
CROWD_SECONDS = 2.0  # what starts ever more is to be ended, which takes cores, before it gives way
BUSY_SECONDS = 1.0  # over which that average is taken
BUSY_PERIOD_SECONDS = 0.2  # between two looks at it, which read what every thread does
LOWEST, LOW = 19, 10  # low enough to give way, and not so low that it takes long to end
SESSIONS = 8  # at once: systems may share the cores out between sessions, and not processes
GROWTH = 4  # more processes than at the last look
THREADS_EACH = 4  # of as many processes as are allowed
LOOKED_AT = 64  # of a process' threads, to see how many want a core
SOCKET_BYTES = 2 * 212_992  # what one may hold that nobody reads (net.core.wmem_default)
FREE_SOCKETS = 64  # which a kernel has anyway
FREE_CONNECTIONS = 4
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Process:
    """What /proc/PID/stat says; ``looked_at`` is the thread to ask for memory."""

    def __init__(self, pid: int, fields: list[bytes]) -> None:
        self.pid, self.state = pid, fields[0]
        self.parent, self.session = int(fields[1]), int(fields[3])
        self.threads = max(int(fields[17]), 1)

    @property
    def place(self) -> str:
        """Where its memory is told: a process lives on when its first thread has ended."""
        if self.state != b"Z" or self.threads == 1:
            return f"/proc/{self.pid}"
        with contextlib.suppress(OSError):
            last = max(os.listdir(f"/proc/{self.pid}/task"), key=int)
            return f"/proc/{self.pid}/task/{last}"
        return f"/proc/{self.pid}"

    def busy(self) -> float:
        """How many of its threads want a core."""
        if self.threads == 1:
            return float(self.state == b"R")
        with contextlib.suppress(OSError):
            names = os.listdir(f"/proc/{self.pid}/task")
            looked = names[:LOOKED_AT]
            found = [read_stat(f"/proc/{self.pid}/task/{name}") for name in looked]
            running = sum(fields is not None and fields[0] == b"R" for fields in found)
            return running * len(names) / max(len(looked), 1)
        return 0.0


def read_stat(place: str) -> list[bytes] | None:
    """The fields after the name, which may hold anything, brackets too; None if it is gone."""
    try:
        with open(f"{place}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()
    except OSError:
        return None


def process(pid: int) -> Process | None:
    """The process of that number; None if it is gone."""
    fields = read_stat(f"/proc/{pid}")
    return None if fields is None or len(fields) < 18 else Process(pid, fields)


class Table:
    """The system's processes. It is long and hardly changes: what was seen to belong to no kernel
    is not read at the next look."""

    def __init__(self) -> None:
        self._strangers: set[int] = set()
        self._looks = 0

    def look_again(self) -> None:
        """Reads all of it at the next look: what was a stranger may belong to a new kernel."""
        self._looks = 0

    def families(self, enough: Mapping[int, int]) -> dict[int, list[Process]]:
        """The processes that descend from each of some first ones, and these themselves; the
        others are not looked for when there are more than ``enough`` of one of them."""
        if self._looks % LOOKS == 0:
            self._strangers.clear()
        self._looks += 1
        pids = {int(name) for name in os.listdir("/proc") if name.isdigit()}
        self._strangers &= pids
        families: dict[int, list[Process]] = {root: [] for root in enough}
        first_of: dict[int, int] = {}
        waiting = sorted((pids - self._strangers) | (enough.keys() & pids))  # parents come first
        orphans: list[Process] = []
        for one in filter(None, map(process, waiting)):
            first = one.pid if one.pid in enough else first_of.get(one.parent)
            if first is None:
                orphans.append(one)
                continue
            first_of[one.pid] = first
            families[first].append(one)
            if len(families[first]) > enough[first]:
                return families
        while late := [one for one in orphans if one.parent in first_of]:  # numbers begin again
            for one in late:
                first_of[one.pid] = first = first_of[one.parent]
                families[first].append(one)
                if len(families[first]) > enough[first]:
                    return families
            orphans = [one for one in orphans if one.pid not in first_of]
        known = self._strangers.union(one.pid for one in orphans)  # of others nothing is known yet
        self._strangers |= {one.pid for one in orphans if one.parent in known | {0}}
        return families


class Kernel:
    """One that is watched."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.id, self.pid, self.alone = order["watch"], order["pid"], order["alone"]
        self.memory, self.processes = order["memory"], order["processes"]
        self.handle = -1
        with contextlib.suppress(OSError, AttributeError):
            self.handle = os.pidfd_open(self.pid)
        self.places = order["places"]
        self.contained = bool(self.places)  # in namespaces; a child of the first one is theirs
        self.folders: list[int] = []
        self.net = -1
        self.busy = self.crowded = self.since_busy = 0.0
        self.lowered: set[int] = set()
        self.sessions: set[int] = set()
        self.measuring: threading.Thread | None = None
        self.measured = 0
        self.members = 0
        self.over = False

    def close(self) -> None:
        for number in (self.handle, self.net, *self.folders):
            if number >= 0:
                os.close(number)
        self.handle, self.net, self.folders = -1, -1, []

    def look_inside(self, members: list[Process]) -> None:
        """Opens its scratch folders, and what is told of its sockets, by a process that sees them.
        They stay the same, whatever comes to lie at their names."""
        seen = {os.readlink("/proc/self/ns/mnt")}
        for member in members:
            with contextlib.suppress(OSError):
                view = os.readlink(f"/proc/{member.pid}/ns/mnt")
                if view not in seen:
                    seen.add(view)
                    root = f"/proc/{member.pid}/root"
                    self.folders += [os.open(root + place, FOLDER) for place in self.places]
        with contextlib.suppress(OSError):
            self.net = os.open(f"/proc/{members[-1].pid}/net", os.O_PATH)
        self.places = []

    def crossed(self, members: list[Process], seconds: float) -> str:
        """Which limit is crossed; an empty text if none is."""
        if self.places and len(members) > 1:
            self.look_inside(members)
        if len(members) > self.processes:
            return "processes"
        if sum(member.threads for member in members) > THREADS_EACH * self.processes:
            return "threads"
        self.sessions |= {member.session for member in members}
        if len({member.session for member in members}) > SESSIONS:
            return "sessions"
        if len(self.sessions) > self.processes:
            return "sessions"
        if self.is_busy(members, seconds):
            return "busy"
        return "memory" if self.too_large(members) else ""

    # --- cores ------------------------------------------------------------------------------------

    def is_busy(self, members: list[Process], seconds: float) -> bool:
        self.since_busy += seconds
        if self.since_busy < BUSY_PERIOD_SECONDS:
            return False
        seconds, self.since_busy = self.since_busy, 0.0
        now = sum(member.busy() for member in members)
        self.busy += (now - self.busy) * min(seconds / BUSY_SECONDS, 1.0)
        self.crowded = self.crowded + seconds if self.busy > CROWD else 0.0
        if self.crowded > CROWD_SECONDS:
            self.give_way(members)
        return self.busy > BUSY

    def give_way(self, members: list[Process]) -> None:
        """Other submissions come first from now on; what it starts later inherits that."""
        for member in members:
            if member.pid not in self.lowered:
                self.lowered.add(member.pid)
                with contextlib.suppress(OSError):
                    for name in os.listdir(f"/proc/{member.pid}/task"):
                        os.setpriority(os.PRIO_PROCESS, int(name), LOWEST)
                    if member.session != members[0].session:  # more than one share of the cores
                        rank(member.pid, LOW)

    # --- memory -----------------------------------------------------------------------------------

    def too_large(self, members: list[Process]) -> bool:
        """Whether all of its memory together is more than allowed.

        Pages that forked workers share are counted once, but finding that out is slow: it is done
        only where the plain sum is too large, and beside the watch.
        """
        beside = self.in_folders() + self.in_sockets()
        plain = [resident(member) for member in members]
        tables = sum(of_tables for _, of_tables in plain)
        if beside + tables + sum(pages for pages, _ in plain) <= self.memory:
            return False
        if len(members) == 1 or beside + tables > self.memory:
            return True
        if self.measuring is None or not self.measuring.is_alive():
            if self.measuring is not None and self.measured + beside + tables > self.memory:
                return True
            self.measuring = threading.Thread(target=self.measure, args=(members,), daemon=True)
            self.measuring.start()
        return False

    def measure(self, members: list[Process]) -> None:
        self.measured = 0
        self.measured = sum(proportional(member) for member in members)

    def in_folders(self) -> int:
        """Bytes of memory that its files take, also those that no folder shows any more."""
        total = 0
        for number in self.folders:
            with contextlib.suppress(OSError):
                facts = os.fstatvfs(number)
                total += (facts.f_blocks - facts.f_bfree) * facts.f_frsize
        return total

    def in_sockets(self) -> int:
        """Bytes that its sockets may hold and nobody has read."""
        if self.net < 0:
            return 0
        facts = {}
        for line in self.net_lines("sockstat"):
            name, _, rest = line.partition(b":")
            facts[name] = dict(zip(rest.split()[::2], rest.split()[1::2], strict=False))
        total = int(facts.get(b"sockets", {}).get(b"used", 0)) - FREE_SOCKETS
        queued = 0
        if int(facts.get(b"TCP", {}).get(b"inuse", 0)) > FREE_CONNECTIONS:
            for line in [*self.net_lines("tcp")[1:], *self.net_lines("tcp6")[1:]]:
                sent, _, received = line.split()[4].partition(b":")
                queued += int(sent, 16) + int(received, 16)
        return max(total, 0) * SOCKET_BYTES + 2 * queued

    def net_lines(self, name: str) -> list[bytes]:
        try:
            with open(os.open(name, os.O_RDONLY, dir_fd=self.net), "rb") as file:
                return file.readlines()
        except OSError:
            return []

    def end(self, members: list[Process]) -> None:
        """Ends its processes: with the first of a namespace, all others."""
        if self.alone and self.handle >= 0:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self.handle, signal.SIGKILL)
            return
        for member in members:
            if not self.contained or member.parent == self.pid:
                with contextlib.suppress(OSError):
                    os.kill(member.pid, signal.SIGKILL)


def rank(pid: int | str, nice: int) -> None:
    """Sets what its whole session counts, on systems that share the cores out between those."""
    with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/autogroup", "w") as file:
        file.write(str(nice))


def resident(member: Process) -> tuple[int, int]:
    """Bytes of its pages, and of the tables that say where they are."""
    pages = tables = 0
    for line in lines_of(f"{member.place}/status"):
        if line.startswith(b"VmRSS:"):
            pages = int(line.split()[1]) * 1024
        elif line.startswith(b"VmPTE:"):
            tables = int(line.split()[1]) * 1024
    return pages, tables


def proportional(member: Process) -> int:
    """Resident bytes, a page of n processes counted 1/n; plain where that cannot be read."""
    for line in lines_of(f"{member.place}/smaps_rollup"):
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return resident(member)[0]


def lines_of(path: str) -> list[bytes]:
    """No lines if it is gone, or may not be read."""
    try:
        with open(path, "rb") as file:
            return file.readlines()
    except OSError:
        return []


class Warden:
    """All kernels that are watched."""

    def __init__(self) -> None:
        self.kernels: dict[int, Kernel] = {}
        self.orders: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.table = Table()

    def read_orders(self) -> None:
        for line in sys.stdin:
            self.orders.put(json.loads(line))
        self.orders.put(None)

    def obey(self, order: dict[str, Any]) -> None:
        if "watch" in order:
            self.kernels[order["watch"]] = Kernel(order)
            self.table.look_again()
            return
        known = self.kernels.pop(order["forget"], None)
        if known is not None:
            known.close()
        say(id=order["forget"], forgotten=True)

    def look(self, seconds: float) -> bool:
        """Whether to look again at once, as one of the kernels is growing."""
        growing = False
        watched = [kernel for kernel in self.kernels.values() if not kernel.over]
        families = self.table.families({kernel.pid: kernel.processes for kernel in watched})
        for kernel in watched:
            members = families[kernel.pid]
            if not members:  # gone, or not looked for as another one has too many
                kernel.over = not os.path.exists(f"/proc/{kernel.pid}")
                continue
            growing = growing or len(members) > kernel.members + GROWTH
            kernel.members = len(members)
            crossed = ""
            with contextlib.suppress(Exception):  # of what is gone in between; the others go on
                crossed = kernel.crossed(members, seconds)
            if crossed:
                kernel.over = True
                say(id=kernel.id, crossed=crossed)
                kernel.end(members)
        return growing

    def serve(self) -> None:
        """Until nobody can give orders any more."""
        threading.Thread(target=self.read_orders, daemon=True).start()
        looked, growing = time.monotonic(), False
        while True:
            wait = PERIOD_SECONDS if self.kernels else None
            due = looked + (PERIOD_SECONDS / 10 if growing else PERIOD_SECONDS)
            with contextlib.suppress(queue.Empty):
                while True:
                    order = self.orders.get(timeout=wait and max(due - time.monotonic(), 0))
                    if order is None:
                        return
                    self.obey(order)
                    wait = PERIOD_SECONDS if self.kernels else None
            now = time.monotonic()
            growing = self.look(min(now - looked, BUSY_SECONDS / 2))
            looked = now


def say(**fields: Any) -> None:
    sys.stdout.write(f"{json.dumps(fields)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever watches is ended last
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.suppress(OSError):  # root may: it gets its turn however busy the machine is
        os.nice(-10)
        rank("self", -10)
    with contextlib.suppress(BrokenPipeError):
        Warden().serve()
