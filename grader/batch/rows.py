"""Makes the rows of the gradebook."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from grader.batch.choose import Handed, Register, Sure
from grader.batch.evidence import Evidence, scored
from grader.batch.labels import Standing
from grader.batch.roster import Roster, Student
from grader.batch.row import Row, row_of
from grader.intake.paths import printable
from grader.lateness import Lateness, lateness
from grader.messages.message import Said, say
from grader.rubric import Rubric


@dataclass(frozen=True)
class Desk:
    """What every row of a batch follows from, beside the submission."""

    rubric: Rubric
    roster: Roster | None
    deadline: datetime | None

    @cached_property
    def register(self) -> Register:
        return Register(self.roster or {})

    def row(
        self, entry: Handed, standing: Standing, evidence: Evidence | None, trouble: Said | None
    ) -> Row:
        """Of a submission; ``trouble`` says why it cannot be read."""
        counts = entry.counts
        result = scored(evidence, self.rubric) if evidence is not None else None
        student_id = standing.student_id
        listed = (self.roster or {}).get(student_id or "")
        late = self.lateness(entry, listed)
        notes = [*entry.notes, *standing.notes, *self.about_id(entry, standing, evidence)]
        notes += filter(None, [self.about_deadline(listed), late.note(self.rubric.late), trouble])
        if result is not None:
            flags = [*result.flags, *entry.flags]
            result = replace(result, student_id=student_id, late=late.late, flags=flags)
        return {
            "label": standing.label,
            "owner": entry.owner,
            "owners": list(entry.owners),
            "stands": standing.stands,
            "student_id": student_id,
            "name": self.name(entry, listed),
            "section": listed.section if listed else "",
            "user": counts.user,
            "users": [r.user for r in counts.readings if not r.anonymous],
            "downloaded": entry.downloaded,
            "file": printable(counts.file),
            "others": [printable(other.file) for other in entry.others],
            "late": late.late,
            "late_hours": None if late.by is None else round(late.by.total_seconds() / 3600, 2),
            "late_percent": late.percent(self.rubric.late),
            "late_sure": late.sure,
            "late_open": bool(late.note(self.rubric.late)),
            "notes": notes,
            "state": "graded" if result else "unreadable" if trouble else "waiting",
            "result": result,
        }

    def name(self, entry: Handed, listed: Student | None) -> str:
        """The roster's; Canvas's where it is that of another on the roster."""
        given = entry.counts.name or ""
        known = entry.claim is not None and entry.claim.sure is Sure.KNOWN
        others = not known and self.register.namesake(given, listed.id if listed else None)
        return (listed.name if listed and not others else "") or printable(given)

    def about_id(
        self, entry: Handed, standing: Standing, evidence: Evidence | None
    ) -> Sequence[Said]:
        """What a person should know of whose it is; what stands only inside may be found yet."""
        if standing.student_id is None:
            if evidence is None:
                return []
            if entry.counts.user is None:
                return [] if entry.notes else [say("note.nameless")]
            listed = self.register.namesake(entry.counts.name or "", None)
            unlisted = [say("note.nobody_listed")] if self.roster else []
            return [] if entry.notes else listed or unlisted
        if self.roster is not None and standing.student_id not in self.roster:
            return [say("note.not_listed")]
        return []

    def about_deadline(self, listed: Student | None) -> Said:
        """What a person should look at where the student's own deadline takes time away."""
        if listed is None or listed.deadline is None or self.deadline is None:
            return ""
        if listed.deadline >= self.deadline:
            return ""
        return say("note.own_deadline", id=listed.id)

    def lateness(self, entry: Handed, listed: Student | None) -> Lateness:
        told = listed.submitted if listed else None
        deadline = listed.deadline if listed and listed.deadline else self.deadline
        return lateness(deadline, told, entry.counts.modified, entry.counts.late)

    def missing(self, there: Collection[str | None]) -> list[Row]:
        """Rows of the students on the roster who handed in nothing."""
        students = sorted((self.roster or {}).values(), key=lambda student: student.id)
        return [_missing(student) for student in students if student.id not in there]


def _missing(student: Student) -> Row:
    about = {
        "student_id": student.id,
        "name": student.name,
        "section": student.section,
        "user": student.user,
    }
    return row_of(
        {**about, "label": student.id, "owner": f"missing {student.id}", "downloaded": ""}
    )
