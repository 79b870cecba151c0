"""What the journal keeps of people: what they decided, and what students ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from grader.batch.database import Database, now
from grader.batch.decisions import Decision, Overtaken, touches
from grader.errors import UsageError
from grader.messages.message import say

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


class KeptDecisions(Database):
    """Decisions, the pages that do not show them yet, and regrade requests."""

    def decide(
        self,
        decisions: Sequence[Decision],
        seen: int | None = None,
        answered: Answered | None = None,
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

    def note_written(self, labels: Mapping[str, int]) -> None:
        """The pages of these show the decisions up to that number."""
        with self._transaction():
            query = "DELETE FROM unwritten WHERE label = ? AND number <= ?"
            self._db.executemany(query, labels.items())

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

    def _answer(self, answered: Answered) -> None:
        query = (
            "UPDATE requests SET answer = ?, who = ?, made = ? "
            "WHERE number = ? AND coalesce(made, '') = ?"
        )
        values = (answered.text, answered.who, now(), answered.number, answered.before)
        if not self._db.execute(query, values).rowcount:
            raise UsageError(say("decision.answered_meanwhile"))
