"""``ddpm-grader batch``: what it prints, and in which order it does things."""

import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.text import Text

from grader.batch.cluster import Dask
from grader.batch.compare import since_export
from grader.batch.executors import Backend, Local
from grader.batch.gradebook import Gradebook, read_gradebook
from grader.batch.journal import Journal
from grader.batch.people import whole_text
from grader.batch.remember import Asked, given, settle
from grader.batch.run import Batch, Request
from grader.batch.screen import Screen
from grader.paths import DEFAULT_RUBRIC
from grader.report.publish import Publisher, publish, take_written
from grader.sandbox import bubblewrap
from grader.sandbox.text import clean
from grader.scratch import scratch

MOST_PATHS = 8  # that a message repeats
# flags about the owner and the form of a submission that need no decision
SAID_AT_THE_END = (
    "student_id_mistyped",
    "student_id_written_otherwise",
    "files_loose",
    "text_in_place_of_a_file",
    "link_in_place_of_a_file",
)
STOPPED = "Stopped. What was graded is kept; the same command{} goes on from there: {}"


def run_batch(
    paths: tuple[Path, ...],
    grades: Path,
    asked: Asked,
    jobs: int,
    scheduler: str | None,
    rerun: str | None,
    console: Console,
) -> bool:
    """The whole batch with its progress on ``console``; False if it was stopped, by Ctrl-C or
    by a request to end (SIGTERM).

    Raises ``GraderError``.
    """
    if asked.sandbox != "none" and scheduler is None:
        bubblewrap.find()  # raises now, not in every worker
    new = given(asked)
    with Journal(grades, create=True) as journal:
        journal.lock()
        settled = settle(journal, new, asked.sandbox, DEFAULT_RUBRIC)
        for line in settled.lines:
            console.print(Text(line), soft_wrap=True)
        stages = None if scheduler else folder_of_stages()
        task, roster, deadline = settled.task, settled.roster, settled.deadline
        request = Request(paths, task, roster, deadline, rerun, scheduler is not None, stages)
        backend: Backend = Dask(scheduler) if scheduler else Local(jobs, scratch())
        batch, stopped = Batch(request, journal), False
        screen = Screen(console, stages, grades / "index.html")
        with stopped_by_sigterm():
            publisher = Publisher(grades, take_written(journal))
            try:
                with publisher, screen.shown():
                    batch.run(backend, screen.watch(publisher.changed))
            except KeyboardInterrupt:
                stopped = True
            try:
                gradebook = publish(journal, publisher.written)
            except KeyboardInterrupt:
                stopped, gradebook = True, read_gradebook(journal)
        changed = since_export(journal, gradebook)
    again = whole_command(paths, grades, scheduler)
    summary(gradebook, console, again)
    if changed:
        console.print(Text(changed), soft_wrap=True)
    if stopped:
        text = STOPPED.format(" without --rerun" if rerun else "", again)
        console.print(Text(text, style="yellow"), soft_wrap=True)
    else:
        console.print(Text(f"The pages begin at {grades / 'index.html'}"), soft_wrap=True)
    return not stopped


def whole_command(paths: tuple[Path, ...], grades: Path, scheduler: str | None) -> str:
    """What goes on where a batch ended; the other options are remembered."""
    workers = ["--scheduler", scheduler] if scheduler else []
    where = list(map(str, paths)) if len(paths) <= MOST_PATHS else ["PATH..."]
    words = ["ddpm-grader", "batch", *where, "--out", str(grades), *workers]
    return clean(whole_text(shlex.join(words)))


def folder_of_stages() -> Path:
    """Into which this machine's workers write what they are at."""
    folder = scratch() / "stages"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """SIGTERM, as a cluster or the system sends it, ends the batch as Ctrl-C does.

    Only the first one counts, so that the gradebook is still written. SIGKILL ends it at once and
    loses only the gradebook, which the next run writes.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def summary(gradebook: Gradebook, console: Console, again: str) -> None:
    """How many of each kind, and one line for everything that a person should know; ``again`` is
    the command that goes on."""
    say = partial(console.print, soft_wrap=True)
    states = [entry.status for entry in gradebook.entries]
    counts = ", ".join(f"{states.count(s)} {s}" for s in dict.fromkeys(sorted(states)))
    plural = "" if len(states) == 1 else "s"
    say(Text(f"{len(states)} student{plural}: {counts or 'none'}", style="bold"))
    for line in gradebook.lines:
        say(Text(line, style="dim"))
    for entry in gradebook.entries:
        for note in entry.row["notes"]:
            say(Text(f"{entry.label}: {note}", style="yellow"))
        for flag in entry.result.flags if entry.result else ():
            if flag.id in SAID_AT_THE_END:
                say(Text(f"{entry.label}: {flag.message}"))
        if entry.row["others"]:
            others = ", ".join(entry.row["others"])
            say(Text(f"{entry.label}: earlier attempts, not graded: {others}"))
    faulty = [entry.label for entry in gradebook.entries if entry.failed]
    if faulty:
        text = f"The grader failed for {', '.join(faulty)}. Grade them again: {again}"
        say(Text(text, style="magenta"))
    missing = [entry.label for entry in gradebook.entries if entry.status == "missing"]
    if missing:
        unread = any(e.status == "waiting" and e.student_id is None for e in gradebook.entries)
        so_far = " (not every file was opened yet)" if unread else ""
        text = f"Nothing was handed in by: {', '.join(missing)}{so_far}"
        say(Text(text, style="yellow"))
