"""What the person at the terminal sees while a batch runs.

At a terminal the last lines show the progress. A log gets a line every minute.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from grader.batch.estimate import Spent, seconds_left
from grader.batch.evidence import Evidence
from grader.batch.run import Watch
from grader.batch.work import Unreadable, stage_file

MINUTE = 60.0
STARTING = "starting a worker"
MOST_SHOWN = 8  # submissions that are being graded
RECENT = 200  # of those that ended the estimate goes by the last ones
WIDEST_BAR, NARROWEST_BAR = 40, 6


class Screen:
    """Follows a batch. ``stages`` is the folder into which workers write what they are at, if they
    can, ``index`` the page that shows what is graded."""

    def __init__(
        self,
        console: Console,
        stages: Path | None = None,
        index: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.console, self.stages, self.index, self.clock = console, stages, index, clock
        self.width = 1  # as many as were graded at once
        self.what = "starting"
        self.total: int | None = None
        self.done = 0
        self.began: float | None = None
        self.waiting: deque[int] = deque()  # the sizes of those that have not begun
        self.running: dict[str, tuple[int, float]] = {}  # the size, and since when
        self.took: deque[Spent] = deque(maxlen=RECENT)
        # soft_wrap: a line stays one in a log of 80 letters
        self.say = partial(console.print, soft_wrap=True, highlight=False)

    @property
    def is_live(self) -> bool:
        return self.console.is_terminal and not self.console.is_dumb_terminal

    @contextmanager
    def shown(self) -> Iterator["Screen"]:
        """Shows how it goes on until the end of the block."""
        if self.is_live:
            with Live(
                self, console=self.console, refresh_per_second=4, transient=True, screen=False
            ):
                yield self
            return
        over = threading.Event()
        thread = threading.Thread(target=self._each_minute, args=(over,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()

    def _each_minute(self, over: threading.Event) -> None:
        while not over.wait(MINUTE):
            if self.running:
                self.say(Text(f"{self.summary()}; now: {', '.join(self.now())}", style="dim"))

    # ---- what a batch tells

    def watch(self, ended: Callable[[], None] = lambda: None) -> Watch:
        """For the batch; ``ended`` is called as well when a result is stored."""

        def both(label: str, answer: Evidence | Unreadable, name: str) -> None:
            self.ended(label, answer, name)
            ended()

        return Watch(self.stage, self.begun, self.given, both)

    def stage(self, what: str) -> None:
        self.what = what
        if not self.is_live:
            self.say(Text(f"{what[0].upper()}{what[1:]}.", style="dim"))

    def begun(self, to_do: Sequence[int], known: int) -> None:
        self.total, self.began = len(to_do), self.clock()
        self.waiting.extend(to_do)
        if known:
            are = "result is" if known == 1 else "results are"
            self.say(Text(f"{known} {are} in the journal already."))

    def given(self, label: str) -> None:
        self.running[label] = self._next_size(), self.clock()
        self.width = max(self.width, len(self.running))

    def ended(self, label: str, answer: Evidence | Unreadable, name: str) -> None:
        self.done += 1
        if self.done == self.total:
            self.what = "ending the workers"
        seconds = None
        if label in self.running:
            size, started = self.running.pop(label)
            seconds = self.clock() - started
            self.took.append(Spent(size, seconds))
        else:  # it was known, or had vanished
            self._next_size()
        if isinstance(answer, Unreadable):
            line = Text(f"{name}  {answer.reason}", style="red")
        elif answer.failed:
            line = Text(f"{name}  {answer.faults[0]}", style="magenta")
        elif answer.result.status == "rejected":
            line = Text(f"{name}  rejected: {answer.result.flags[0].message}", style="yellow")
        else:
            result = answer.result
            points = f"{result.points:g} / {result.max_points:g}"
            line = Text(f"{name}  {points}  {result.status}")
        if seconds is not None:
            line.append(f"  {clock_face(seconds)}", style="dim")
        self.say(line)

    def _next_size(self) -> int:
        return self.waiting.popleft() if self.waiting else 0

    # ---- what is shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = self.now() if self.running else [f"{self.what[0].upper()}{self.what[1:]}."]
        if self.total:
            summary = self.summary()
            size = min(WIDEST_BAR, options.max_width - len(summary) - 1)
            line = Text(no_wrap=True, overflow="ellipsis")
            if size >= NARROWEST_BAR:
                full = size * self.done // self.total
                done, rest = ("=", "-") if options.ascii_only else ("━", "─")
                line.append(done * full, "green").append(rest * (size - full), "dim").append(" ")
            yield line.append(summary)
        if self.done and self.index is not None:
            lines = [*lines, f"So far: {self.index}"]
        for text in lines:
            yield Text(text, no_wrap=True, overflow="ellipsis", style="dim")

    def summary(self) -> str:
        """How many are graded, since when, and how long the rest may take."""
        elapsed = self.clock() - (self.began or self.clock())
        left = seconds_left(self.took, self.spent(), self.waiting, self.width)
        when = "" if left is None or self.done == self.total else f", about {spoken(left)} left"
        return f"{self.done} of {self.total} in {clock_face(elapsed)}{when}"

    def spent(self) -> list[Spent]:
        now = self.clock()
        return [Spent(size, now - started) for size, started in list(self.running.values())]

    def now(self) -> list[str]:
        """A line for each that is being graded, the slowest first."""
        now, running = self.clock(), sorted(self.running.items(), key=lambda pair: pair[1][1])
        lines = [
            f"{label}  {clock_face(now - started)}  {self.at(label)}"
            for label, (_, started) in running[:MOST_SHOWN]
        ]
        more = len(running) - MOST_SHOWN
        return [*lines, f"and {more} more"] if more > 0 else lines

    def at(self, label: str) -> str:
        """What its worker does with it."""
        if self.stages is None:
            return "with a worker, or waiting for one"
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return stage_file(self.stages, label).read_text("utf-8") or STARTING
        return STARTING


def clock_face(seconds: float) -> str:
    """``0:07``, ``12:30`` or ``1:02:03``, never more than has passed."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours}:{minutes:02}:{whole % 60:02}"
    return f"{minutes}:{whole % 60:02}"


def spoken(seconds: float) -> str:
    """In the unit in which a person would say it."""
    if seconds < 90:
        return f"{max(5, 5 * round(seconds / 5))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{seconds / 3600:.1f} hours"
