"""The journal: one SQLite file that holds every result, decision and gradebook.

WAL and ``synchronous=FULL``: what ``store`` returned from survives the end of the process and of
the machine's power. Texts are kept as JSON in ASCII, for a student's may hold halves of characters.
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from grader.batch.decisions import Decision, Overtaken, touches
from grader.batch.evidence import Evidence, verdicts_from, verdicts_json
from grader.batch.places import Place
from grader.batch.schema import prepare
from grader.errors import JournalError, UsageError
from grader.lateness import KST
from grader.sandbox.text import one_line

FILE, LOCK = "journal.sqlite", "journal.lock"
WAIT_SECONDS = 30
EDITION = "edition"
COLUMNS = (
    *("label", "target", "points", "comment", "who", "made", "sha256", "owner"),
    *("points_before", "out_of", "word", "doubts", "act"),
)
"""Of a decision, in its own order."""
_FIELD = {"points_before": "before", "doubts": "group"}  # where SQL has another meaning for a name


@dataclass(frozen=True)
class Request:
    """What a student asks for; ``answer`` is None until somebody answers."""

    number: int
    student: str
    item: str
    text: str
    answer: str | None = None
    who: str | None = None
    made: str | None = None


@dataclass(frozen=True)
class Answered:
    """The answer to the request of that number; ``before``: when the last one was made, if any."""

    number: int
    text: str
    who: str
    before: str = ""


@dataclass(frozen=True)
class Rows:
    """The gradebook as it was at one time: label, row and key of each student's result."""

    edition: int
    found: Sequence[tuple[str, dict[str, Any], str | None]]


class Journal:
    """The journal of a folder of grades; a context manager, for one thread.

    Every error ends as ``JournalError`` with one line for the person at the terminal.
    """

    def __init__(self, grades: Path, *, create: bool = False) -> None:
        self.grades, self._lock = grades, -1
        path = grades / FILE
        if not create and not path.is_file():
            raise UsageError(
                f"There are no grades in {grades}: {FILE} is missing. "
                f"ddpm-grader batch SUBMISSIONS --out {grades} makes them."
            )
        with self._clear():
            grades.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                _address(path), timeout=WAIT_SECONDS, isolation_level=None, uri=True
            )
        try:
            with self._clear():
                prepare(self._db, path)
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._db.close()
        if self._lock >= 0:
            os.close(self._lock)

    @contextmanager
    def _clear(self) -> Iterator[None]:
        """Turns the errors of files and SQLite into one clear line."""
        try:
            yield
        except (OSError, sqlite3.OperationalError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise JournalError(
                f"The grades in {self.grades} cannot be written or read: {reason}. "
                "Every result that was stored before is kept."
            ) from error
        except sqlite3.Error as error:
            raise self._damaged(error) from error

    @contextmanager
    def _parsing(self) -> Iterator[None]:
        """The same for what is read from it, which may be damaged in itself."""
        with self._clear():
            try:
                yield
            except (ValueError, KeyError, TypeError, IndexError) as error:
                raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> JournalError:
        return JournalError(
            f"{self.grades / FILE} is damaged or no journal of this grader "
            f"({one_line(str(error))}): put a copy in its place, or grade into another folder."
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._clear():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk may have ended it already
                    self._db.execute("ROLLBACK")
                raise

    def lock(self) -> None:
        """Keeps other batches out until this journal is closed, or its process ends."""
        with self._clear():
            self._lock = os.open(self.grades / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise JournalError(
                    f"Another batch is at work in {self.grades}; nothing was changed."
                ) from None

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        """Waits for others to leave. What a slower process read before would else be written over
        what a faster one wrote later, such as pages with a correction."""
        with self._clear():
            folder = os.open(self.grades, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    # ---- submissions and results

    def sha256(self, place: Place) -> str:
        """Of the bytes at ``place``, read only if the file changed. Raises ``OSError``."""
        if known := self.known_sha256(place):
            return known
        stamp, digest = place.stamp(), place.sha256()
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO hashes VALUES (?, ?, ?)",
                (json.dumps(place.key()), stamp, digest),
            )
        return digest

    def known_sha256(self, place: Place) -> str | None:
        """The same without reading the bytes; None if they were not read yet, or changed since.
        Raises ``OSError``."""
        name, stamp = json.dumps(place.key()), place.stamp()
        with self._clear():
            query = "SELECT sha256 FROM hashes WHERE place = ? AND stamp = ?"
            found = self._db.execute(query, (name, stamp)).fetchone()
        return str(found[0]) if found else None

    def store(self, key: str, given: str, evidence: Evidence) -> None:
        """One result in one transaction; it replaces an earlier one of the same key."""
        record = evidence.record
        row = (
            key,
            record["submission"]["sha256"],
            record["submission"]["file"],
            record["student_id"],
            given,
            json.dumps(record, allow_nan=False),
            verdicts_json(evidence.verdicts),
            evidence.overlay,
            json.dumps(evidence.prints, allow_nan=False),
            json.dumps(evidence.shown, allow_nan=False),
            int(evidence.failed),
            0,
            now(),
        )
        with self._transaction():
            marks = ", ".join("?" * len(row))
            self._db.execute(f"INSERT OR REPLACE INTO results VALUES ({marks})", row)

    def find(self, key: str, *, stale: bool = False) -> Evidence | None:
        """The result of that key; one that is to be made again only if ``stale``."""
        columns = "record, verdicts, overlay, prints, shown"
        query = f"SELECT {columns} FROM results WHERE key = ? AND stale <= ?"
        with self._parsing():
            found = self._db.execute(query, (key, int(stale))).fetchone()
            if found is None:
                return None
            record, verdicts, overlay, prints, shown = found
            return Evidence(
                json.loads(record),
                verdicts_from(verdicts),
                overlay,
                json.loads(prints),
                json.loads(shown),
            )

    def student_id(self, key: str) -> str | None:
        """The student id of the result of that key, if there is one."""
        with self._clear():
            query = "SELECT student_id FROM results WHERE key = ?"
            found = self._db.execute(query, (key,)).fetchone()
        return str(found[0]) if found and found[0] else None

    def pictures(self, key: str) -> tuple[bytes, dict[str, Any]]:
        """Of the result of that key, ``overlay`` and ``shown``; nothing else is read."""
        with self._parsing():
            query = "SELECT overlay, shown FROM results WHERE key = ?"
            found = self._db.execute(query, (key,)).fetchone()
            return (found[0], json.loads(found[1])) if found else (b"", {})

    def verdicts(self, key: str) -> str | None:
        """The verdicts of the result of that key, as ``verdicts_from`` takes them."""
        with self._clear():
            query = "SELECT verdicts FROM results WHERE key = ?"
            found = self._db.execute(query, (key,)).fetchone()
        return str(found[0]) if found else None

    def rerun(self, which: str) -> int:
        """Marks results to be made again: ``all``, ``failed`` by a fault of the grader's, or those
        of one student. They stay until the new ones are stored. Returns how many they are."""
        folder = "key IN (SELECT key FROM gradebook WHERE label = ?)"  # nobody else of that id
        where: dict[str, list[tuple[str, tuple[str, ...]]]] = {
            "all": [("1", ())],
            "failed": [("failed", ())],
        }
        one_student = [(folder, (which,)), ("student_id = ?", (which,))]
        with self._transaction():
            for condition, values in where.get(which, one_student):
                query = f"UPDATE results SET stale = 1 WHERE {condition}"
                if count := self._db.execute(query, values).rowcount:
                    return count
        return 0

    def count(self) -> int:
        """How many results are stored."""
        with self._clear():
            return int(self._db.execute("SELECT count(*) FROM results").fetchone()[0])

    # ---- decisions

    def decide(
        self,
        decisions: Sequence[Decision],
        seen: int | None = None,
        answered: "Answered | None" = None,
    ) -> list[Decision]:
        """Adds all of them or none, and returns them with their numbers; the last one of a target
        counts, the earlier ones stay on record. The students' pages are noted as not written.

        ``seen`` is the number of the last decision that was known when these were made. With them
        a request may be ``answered``. Raises ``Overtaken`` if a later one touches any of them, and
        ``UsageError`` if somebody else answered the request meanwhile.
        """
        names = ", ".join(COLUMNS)
        marks = ", ".join("?" * len(COLUMNS))
        kept = []
        with self._transaction():
            if seen is not None:
                self._not_overtaken(decisions, seen)
            if answered is not None:
                self._answer(answered)
            for made in decisions:
                values = [getattr(made, _FIELD.get(name, name)) for name in COLUMNS]
                done = self._db.execute(f"INSERT INTO decisions ({names}) VALUES ({marks})", values)
                kept.append(replace(made, number=int(done.lastrowid or 0)))
                self._db.execute(
                    "INSERT OR REPLACE INTO unwritten VALUES (?, ?)", (made.label, done.lastrowid)
                )
        return kept

    def _not_overtaken(self, decisions: Sequence[Decision], seen: int) -> None:
        mine: dict[str, list[str]] = {}
        for made in decisions:
            mine.setdefault(made.key, []).append(made.target)
        late = [
            other
            for other in self._read_decisions(seen)
            if any(touches(other.target, target) for target in mine.get(other.key, ()))
        ]
        if late:
            raise Overtaken(late)

    def decisions(self, since: int = 0) -> list[Decision]:
        """Those with a higher number, in the order in which they were made; also those that
        withdraw one."""
        with self._clear():
            return self._read_decisions(since)

    def _read_decisions(self, since: int) -> list[Decision]:
        names = ", ".join(COLUMNS)
        query = f"SELECT {names}, number FROM decisions WHERE number > ? ORDER BY number"
        rows = self._db.execute(query, (since,)).fetchall()
        return [Decision(*row) for row in rows]

    def unwritten(self) -> dict[str, int]:
        """The students whose pages do not show a decision yet, and that decision's number."""
        with self._clear():
            return dict(self._db.execute("SELECT label, number FROM unwritten ORDER BY number"))

    def wrote(self, labels: Mapping[str, int]) -> None:
        """The pages of these show the decisions up to that number."""
        with self._transaction():
            query = "DELETE FROM unwritten WHERE label = ? AND number <= ?"
            self._db.executemany(query, labels.items())

    # ---- requests

    def ask(self, requests: Sequence[tuple[str, str, str]]) -> int:
        """Adds student, item and text of each that is not known yet; returns how many these are."""
        with self._transaction():
            query = "INSERT OR IGNORE INTO requests (student, item, text) VALUES (?, ?, ?)"
            return max(self._db.executemany(query, requests).rowcount, 0)

    def requests(self) -> list[Request]:
        """All of them, in the order in which they came."""
        columns = "number, student, item, text, answer, who, made"
        with self._clear():
            rows = self._db.execute(f"SELECT {columns} FROM requests ORDER BY number").fetchall()
        return [Request(*row) for row in rows]

    def _answer(self, answered: "Answered") -> None:
        query = (
            "UPDATE requests SET answer = ?, who = ?, made = ? "
            "WHERE number = ? AND coalesce(made, '') = ?"
        )
        values = (answered.text, answered.who, now(), answered.number, answered.before)
        if not self._db.execute(query, values).rowcount:
            raise UsageError("Somebody else answered this meanwhile: load the page again.")

    # ---- the gradebook of the last run

    def write_gradebook(
        self, rows: Sequence[tuple[str, dict[str, Any], str | None]], facts: dict[str, Any]
    ) -> None:
        """Label, row and the key of its result for each student; replaces the last gradebook."""
        texts = [(label, json.dumps(row), key) for label, row, key in rows]
        with self._transaction():
            self._changed()
            self._db.execute("DELETE FROM gradebook")
            self._db.executemany("INSERT INTO gradebook VALUES (?, ?, ?)", texts)
            self._note(facts)

    def write_row(self, before: str, label: str, row: dict[str, Any], key: str | None) -> None:
        """One student's row, which stood under the label ``before``."""
        with self._transaction():
            self._changed()
            self._db.execute("DELETE FROM gradebook WHERE label = ?", (before,))
            values = (label, json.dumps(row), key)
            self._db.execute("INSERT OR REPLACE INTO gradebook VALUES (?, ?, ?)", values)

    def gradebook_texts(self) -> list[tuple[str, str, str | None]]:
        """As ``gradebook`` gives it, the rows not parsed yet; ``parsed`` does so."""
        with self._clear():
            rows = self._db.execute("SELECT label, row, key FROM gradebook ORDER BY label")
            return rows.fetchall()

    def parsed(self, text: str) -> dict[str, Any]:
        """A row of the gradebook."""
        with self._parsing():
            row: dict[str, Any] = json.loads(text)
            return row

    def gradebook(self) -> Iterator[tuple[str, dict[str, Any], str | None]]:
        """As it was written, by label."""
        with self._parsing():
            rows = self._db.execute("SELECT label, row, key FROM gradebook ORDER BY label")
            for label, row, key in rows.fetchall():
                yield label, json.loads(row), key

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

    def row(self, label: str) -> tuple[dict[str, Any], str | None] | None:
        """One student's row, and the key of the result."""
        with self._parsing():
            query = "SELECT row, key FROM gradebook WHERE label = ?"
            found = self._db.execute(query, (label,)).fetchone()
            return (json.loads(found[0]), found[1]) if found else None

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


def _address(path: Path) -> str:
    """As SQLite takes it. In a folder that may only be read WAL has no place for its files; what is
    all in the journal itself can be read without them."""
    wal = path.with_name(f"{path.name}-wal")
    settled = not wal.exists() or wal.stat().st_size == 0
    frozen = path.is_file() and not os.access(path.parent, os.W_OK) and settled
    return path.absolute().as_uri() + ("?immutable=1" if frozen else "")


def now() -> str:
    """The moment, for a person; nothing is ordered by it, for clocks are set back."""
    return datetime.now(KST).isoformat(timespec="seconds")
