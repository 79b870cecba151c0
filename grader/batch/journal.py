"""The journal: one SQLite file that holds every result, decision and gradebook."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grader.batch.kept_decisions import KeptDecisions
from grader.batch.kept_results import KeptResults
from grader.batch.row import Row, row_from, row_json

EDITION = "edition"


@dataclass(frozen=True)
class Rows:
    """The gradebook as it was at one time: label, row and key of each student's result."""

    edition: int
    found: Sequence[tuple[str, Row, str | None]]


class Journal(KeptResults, KeptDecisions):
    """The journal of a folder of grades; a context manager, for one thread.

    Every error ends as ``JournalError`` with one line for the person at the terminal. Here is the
    gradebook of the last run.
    """

    def write_gradebook(
        self, rows: Sequence[tuple[str, Row, str | None]], facts: dict[str, Any]
    ) -> None:
        """Label, row and the key of its result for each student; replaces the last gradebook."""
        texts = [(label, json.dumps(row_json(row)), key) for label, row, key in rows]
        with self._transaction():
            self._changed()
            self._db.execute("DELETE FROM gradebook")
            self._db.executemany("INSERT INTO gradebook VALUES (?, ?, ?)", texts)
            self._note(facts)

    def write_row(self, before: str, label: str, row: Row, key: str | None) -> None:
        """One student's row, which stood under the label ``before``."""
        with self._transaction():
            self._changed()
            self._db.execute("DELETE FROM gradebook WHERE label = ?", (before,))
            values = (label, json.dumps(row_json(row)), key)
            self._db.execute("INSERT OR REPLACE INTO gradebook VALUES (?, ?, ?)", values)

    def gradebook_texts(self) -> list[tuple[str, str, str | None]]:
        """As ``gradebook`` gives it, the rows not parsed yet; ``parsed`` does so."""
        with self._clear():
            rows = self._db.execute("SELECT label, row, key FROM gradebook ORDER BY label")
            return rows.fetchall()

    def parsed(self, text: str) -> Row:
        """A row of the gradebook."""
        with self._parsing():
            return row_from(json.loads(text))

    def gradebook(self) -> Iterator[tuple[str, Row, str | None]]:
        """As it was written, by label."""
        with self._parsing():
            rows = self._db.execute("SELECT label, row, key FROM gradebook ORDER BY label")
            for label, row, key in rows.fetchall():
                yield label, row_from(json.loads(row)), key

    def rows(self, known: Rows | None = None) -> Rows:
        """All of the gradebook; ``known`` if nobody has written it since, as parsing is slow."""
        edition = self.edition  # before the rows: what is written meanwhile has another one
        if known is not None and known.edition == edition:
            return known
        return Rows(edition, list(self.gradebook()))

    def _changed(self) -> None:
        found = self._db.execute("SELECT value FROM facts WHERE name = ?", (EDITION,)).fetchone()
        self._note({EDITION: 1 + (json.loads(found[0]) if found else 0)})

    @property
    def edition(self) -> int:
        """Another number whenever the gradebook was written, in whole or in part."""
        return int(self.fact(EDITION, 0))

    def row(self, label: str) -> tuple[Row, str | None] | None:
        """One student's row, and the key of the result."""
        with self._parsing():
            query = "SELECT row, key FROM gradebook WHERE label = ?"
            found = self._db.execute(query, (label,)).fetchone()
            return (row_from(json.loads(found[0])), found[1]) if found else None

    def note(self, facts: Mapping[str, Any]) -> None:
        """Keeps facts by name, for ``fact``."""
        with self._transaction():
            self._note(facts)

    def _note(self, facts: Mapping[str, Any]) -> None:
        for name, value in facts.items():
            text = json.dumps(value)
            self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, text))

    def fact(self, name: str, default: Any = None) -> Any:
        """What the last run noted under this name."""
        with self._parsing():
            query = "SELECT value FROM facts WHERE name = ?"
            found = self._db.execute(query, (name,)).fetchone()
            return json.loads(found[0]) if found else default
