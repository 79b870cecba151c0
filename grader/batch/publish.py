"""Writes the pages of the grades, while a batch runs and at its end."""

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from grader.batch.gradebook import Gradebook, read_gradebook
from grader.batch.journal import Journal, Rows
from grader.errors import GraderError

FIRST_PAUSE = 2.0  # seconds from one time to the next, at least
SHARE = 20  # and as many times what it took, so that a large class costs no more than a small one


def publish(journal: Journal, written: dict[str, str] | None = None) -> Gradebook:
    """Writes the pages of the grades as they stand; those that ``written`` tells of stay."""
    from grader.report.pages import write_pages  # a worker does without

    with journal.one_at_a_time():
        labels = journal.unwritten()
        gradebook = read_gradebook(journal)
        write_pages(journal, gradebook, {} if written is None else written)
        journal.wrote(labels)
    return gradebook


def publish_decided(journal: Journal, rows: Rows) -> Gradebook:
    """Writes the pages that do not show a decision yet, and no others; ``rows`` as the caller read
    them before it decided."""
    from grader.report.pages import write_students

    with journal.one_at_a_time():
        labels = journal.unwritten()
        gradebook = read_gradebook(journal, journal.rows(rows))
        entries = [entry for entry in gradebook.entries if entry.label in labels]
        write_students(journal, gradebook, entries)
        journal.wrote(labels)
    return gradebook


class Publisher:
    """A context in which pages are written by a thread, soon after each call of ``changed``.

    An error ends the thread; who publishes at the end meets it again and tells of it.
    """

    def __init__(self, grades: Path) -> None:
        self.grades = grades
        self.written: dict[str, str] = {}
        self._changed, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def changed(self) -> None:
        self._changed.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._changed.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._changed.wait()
            if self._over.is_set():
                return
            self._changed.clear()
            began = time.monotonic()
            try:
                self._publish()
            except GraderError:
                return
            self._over.wait(max(FIRST_PAUSE, SHARE * (time.monotonic() - began)))

    def _publish(self) -> None:
        from grader.report.pages import write_pages

        with Journal(self.grades) as journal, journal.one_at_a_time():
            write_pages(journal, read_gradebook(journal), self.written, going_on=True)
