"""Writes the pages that a decision changed, beside the server: whoever decides need not wait."""

import logging
from pathlib import Path

from grader.batch.beside import Beside
from grader.batch.decisions import Decisions
from grader.batch.gradebook import Gradebook, entry_of
from grader.batch.journal import Journal
from grader.errors import GraderError
from grader.messages.message import Said, say

logger = logging.getLogger(__name__)

PAUSE = 0.5  # seconds before pages are written, so that the answer to a decision comes first


class Writer(Beside):
    """A context in which pages are written soon after each call of ``show``, and at its end. What
    is not written when it ends by force is noted in the journal and written the next time."""

    def __init__(self, grades: Path) -> None:
        super().__init__(self._write_all, wait=PAUSE)
        self.grades = grades
        self.problem: Said = ""
        self._state: tuple[Gradebook, int] | None = None

    def show(self, gradebook: Gradebook, seen: int) -> None:
        """The decisions up to the number ``seen``, which this gradebook shows, may not be on the
        pages yet."""
        self._state = gradebook, seen
        self.changed()

    def __exit__(self, *ended: object) -> None:
        super().__exit__(*ended)
        self._write_all()

    def _write_all(self) -> float:
        try:
            with Journal(self.grades) as journal:
                self._write(journal)
            self.problem = ""
        except GraderError as error:
            self.problem = error.said
        except Exception as error:
            logger.exception("writing the pages failed")
            self.problem = say("review.pages_not_written", error=type(error).__name__)
        return 0.0

    def _write(self, journal: Journal) -> None:
        from grader.report.pages import write_students

        if self._state is None:
            return
        with journal.one_at_a_time():
            gradebook, seen = self._state
            labels = {label: n for label, n in journal.unwritten().items() if n <= seen}
            if not labels:
                return
            decisions = Decisions(journal.decisions())
            rows = [(label, journal.row(label)) for label in labels]
            entries = [
                entry_of(label, *found, decisions, gradebook.items)
                for label, found in rows
                if found is not None
            ]
            write_students(journal, gradebook, entries)
            journal.note_written(labels)
