"""Writes the pages of the grades, while a batch runs and at its end."""

import hashlib
import time
from functools import cache
from pathlib import Path

from grader.batch.beside import Beside
from grader.batch.gradebook import Gradebook, read_gradebook
from grader.batch.journal import Journal, Rows
from grader.errors import GraderError
from grader.paths import PACKAGE
from grader.report import pages

WRITTEN = "pages written"  # the fact of the journal
SHAPES = (".py", ".toml", ".html", ".css", ".js")  # files of the grader's that shape a page
FIRST_PAUSE = 2.0  # seconds from one time to the next, at least
SHARE = 20  # and as many times what it took, so that a large class costs no more than a small one


def publish(journal: Journal, written: dict[str, str] | None = None) -> Gradebook:
    """Writes the pages of the grades as they stand; those that ``written`` tells of stay."""
    written = {} if written is None else written
    with journal.one_at_a_time():
        labels = journal.unwritten()
        gradebook = read_gradebook(journal)
        pages.write_pages(journal, gradebook, written)
        journal.note_written(labels)
        journal.note({WRITTEN: [grader_code(), written]})
    return gradebook


def take_written(journal: Journal) -> dict[str, str]:
    """What ``write_pages`` noted of each student in the last batch, where the pages are there and
    show what people decided. Nothing where the grader has changed since, or where a batch took it
    before and was ended: whoever takes it must write all other pages."""
    code, written = journal.fact(WRITTEN, ["", {}])
    journal.note({WRITTEN: ["", {}]})
    if code != grader_code():
        return {}
    undecided = written.keys() - journal.unwritten().keys()
    return {it: written[it] for it in undecided if pages.are_there(journal.grades / it)}


@cache
def grader_code() -> str:
    """A hash of all that may shape a page."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in SHAPES:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def publish_decided(journal: Journal, rows: Rows) -> Gradebook:
    """Writes the pages that do not show a decision yet, and no others; ``rows`` as the caller read
    them before it decided."""
    with journal.one_at_a_time():
        labels = journal.unwritten()
        gradebook = read_gradebook(journal, journal.rows(rows))
        entries = [entry for entry in gradebook.entries if entry.label in labels]
        pages.write_students(journal, gradebook, entries)
        journal.note_written(labels)
    return gradebook


class Publisher(Beside):
    """A context in which pages are written soon after each call of ``changed``.

    An error ends it; who publishes at the end meets it again and tells of it.
    """

    def __init__(self, grades: Path, written: dict[str, str]) -> None:
        super().__init__(self._take_turns)
        self.grades, self.written = grades, written

    def _take_turns(self) -> float | None:
        began = time.monotonic()
        try:
            self._publish()
        except GraderError:
            return None
        return max(FIRST_PAUSE, SHARE * (time.monotonic() - began))

    def _publish(self) -> None:
        with Journal(self.grades) as journal, journal.one_at_a_time():
            pages.write_pages(journal, read_gradebook(journal), self.written, going_on=True)
