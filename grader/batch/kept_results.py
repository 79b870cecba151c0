"""What the journal keeps of submissions: the hash of each file, and each result."""

import json
from typing import Any

from grader.batch.database import Database, now
from grader.batch.evidence import Evidence, verdicts_from, verdicts_json
from grader.batch.places import Place
from grader.results import Result


class KeptResults(Database):
    """Submissions and results."""

    def sha256(self, place: Place) -> str:
        """Of the bytes at ``place``, read only if the file changed. Raises ``OSError``."""
        if known := self.known_sha256(place):
            return known
        stamp, digest = place.stamp(), place.sha256()
        self.note_sha256(place, stamp, digest)
        return digest

    def note_sha256(self, place: Place, stamp: str, digest: str) -> None:
        """Keeps the hash of the bytes at ``place`` while it has this ``stamp``."""
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO hashes VALUES (?, ?, ?)",
                (json.dumps(place.key()), stamp, digest),
            )

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
        result = evidence.result
        row = (
            key,
            result.sha256,
            result.file,
            result.student_id,
            given,
            json.dumps(result.to_json(), allow_nan=False),
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
                Result.from_json(json.loads(record)),
                verdicts_from(verdicts),
                overlay,
                json.loads(prints),
                json.loads(shown),
            )

    def files(self, given: str) -> set[str]:
        """The names of all submissions that have results under these conditions."""
        with self._clear():
            query = "SELECT DISTINCT file FROM results WHERE conditions = ?"
            return {str(file) for (file,) in self._db.execute(query, (given,))}

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

    def prints(self, key: str) -> dict[str, Any]:
        """What of the result of that key is compared with others."""
        with self._parsing():
            found = self._db.execute("SELECT prints FROM results WHERE key = ?", (key,)).fetchone()
            return dict(json.loads(found[0])) if found else {}

    def code(self, key: str) -> dict[str, Any] | None:
        """The code that people see of the result of that key, without its pictures."""
        with self._parsing():
            query = "SELECT json_extract(shown, '$.code') FROM results WHERE key = ?"
            found = self._db.execute(query, (key,)).fetchone()
            return json.loads(found[0]) if found and found[0] else None

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
