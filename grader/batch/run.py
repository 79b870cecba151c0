"""One batch, start to end: gather, choose, grade what the journal lacks, write the gradebook."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from grader.batch.choose import Handed, choose
from grader.batch.evidence import Evidence, can_score, conditions, key_of, scored
from grader.batch.executors import Backend, dispatch
from grader.batch.gather import gather
from grader.batch.journal import Journal
from grader.batch.likeness import alike, fingerprint
from grader.batch.roster import Student
from grader.batch.work import Job, Task, Unreadable, fault, grade_job
from grader.intake.paths import printable
from grader.lateness import Lateness, lateness

NO_MEMORY_OF = "its worker ended every time"


@dataclass(frozen=True)
class Request:
    """What the command line asks for."""

    paths: Sequence[Path]
    task: Task
    roster: Mapping[str, Student] | None = None
    deadline: datetime | None = None
    rerun: str | None = None
    by_value: bool = False  # submissions travel to workers that do not see this machine's files


@dataclass
class Watch:
    """Told how a batch goes on; the command line shows it."""

    begun: Callable[[int, int], None] = lambda to_do, known: None
    ended: Callable[[str, Evidence | Unreadable], None] = lambda label, answer: None


@dataclass
class Batch:
    """A batch under way: who handed in what, the key of each, and what went wrong."""

    request: Request
    journal: Journal
    handed: list[Handed] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    trouble: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def given(self) -> str:
        """The conditions of this batch's evidence."""
        task = self.request.task
        return conditions(task.rubric, task.run, task.sandbox, task.seed, task.resample)

    def run(self, backend: Backend, watch: Watch) -> None:
        """Grades what is not known yet; the gradebook is written however it ends.

        Raises ``GraderError`` and ``KeyboardInterrupt``; what was graded before is kept.
        """
        found = gather(self.request.paths)
        self.lines = list(found.lines)
        self.handed = choose(found.attempts)
        if self.request.rerun is not None:
            self.rerun(self.request.rerun)
        to_do = self.look_up()
        watch.begun(len(to_do), len(self.handed) - len(to_do) - len(self.trouble))
        try:
            jobs = self.jobs(to_do, watch)
            for job, answer in dispatch(jobs, grade_job, backend) if to_do else ():
                self.take(job, fault(job, f"{NO_MEMORY_OF}.") if answer is None else answer, watch)
        finally:
            self.write_gradebook()

    def rerun(self, which: str) -> None:
        if not self.journal.rerun(which):
            self.lines.append(f"--rerun {which}: no result was found that it means.")

    def look_up(self) -> list[Handed]:
        """Those whose evidence is not in the journal, or does not suffice for the rubric; and those
        that a fault of the grader's kept from being judged: it may have passed."""
        given, to_do = self.given, []
        for entry in self.handed:
            try:
                digest = self.journal.sha256(entry.counts.place)
            except OSError as error:
                self.fail(entry.label, f"{entry.counts.place} cannot be read: {_reason(error)}.")
                continue
            key = self.keys[entry.label] = key_of(digest, entry.counts.file, given)
            known = self.journal.find(key)
            if known is None or known.failed or not can_score(known, self.request.task.rubric):
                to_do.append(entry)
        return to_do

    def jobs(self, to_do: Sequence[Handed], watch: Watch) -> Iterator[Job]:
        """One at a time, as there is room for them; what has vanished by now has ended, too."""
        for entry in to_do:
            counts = entry.counts
            try:
                digest = self.journal.sha256(counts.place)
                content = b"".join(counts.place.chunks()) if self.request.by_value else None
            except OSError as error:
                gone = Unreadable(f"{counts.place} cannot be read: {_reason(error)}.")
                self.fail(entry.label, gone.reason)
                watch.ended(entry.label, gone)
                continue
            key = self.keys[entry.label] = key_of(digest, counts.file, self.given)
            place = replace(counts.place, path=counts.place.path.absolute())
            task = self.request.task
            yield Job(key, entry.label, counts.file, digest, place, task, content)

    def take(self, job: Job, answer: Evidence | Unreadable, watch: Watch) -> None:
        if isinstance(answer, Unreadable):
            self.fail(job.label, answer.reason)
        else:
            self.journal.store(job.key, self.given, answer)
        watch.ended(job.label, answer)

    def fail(self, label: str, line: str) -> None:
        self.trouble[label] = line

    # ---- the gradebook

    def write_gradebook(self) -> None:
        """What is known now, under today's rubric."""
        rows, prints = [], {}
        for entry in self.handed:
            key = self.keys.get(entry.label, "")
            evidence = self.journal.find(key, stale=True)
            if evidence is not None and can_score(evidence, self.request.task.rubric):
                prints[entry.label] = evidence.prints
            else:
                evidence, key = None, ""
            rows.append(self.row(entry, evidence, key))
        rows += self.missing({row["student_id"] for row in rows})
        rows = _with_unique_ids(rows)
        self.lines += [*self.dropped(rows), *self.homeless(rows)]
        renamed = {row["was"]: row["label"] for row in rows}
        prints = {renamed[label]: print_ for label, print_ in prints.items() if print_}
        facts = {
            "lines": self.lines,
            **self.likeness(prints),
            "title": self.request.task.rubric.title,
            "items": [
                {"id": item.id, "max_points": item.points, "visibility": item.visibility}
                for item in self.request.task.rubric.items
            ],
        }
        self.journal.write_gradebook([(r["label"], r, r.pop("key") or None) for r in rows], facts)

    def dropped(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """A line about those of the last gradebook who are not in this one."""
        here = {row["was"] for row in rows}
        gone = [
            label
            for label, row, key in self.journal.gradebook()
            if key is not None and row["was"] not in here
        ]
        if not gone:
            return []
        return [
            f"Graded before, but not among what was given now: {', '.join(gone)}. "
            "The results are kept: give all files to one command."
        ]

    def homeless(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """A line for every correction of somebody who goes by another name now, or is not here."""
        here = {row["label"] for row in rows}
        return [
            f"The correction of {label}, {item} to {found.points:g} points, fits no student here."
            for (label, item), found in self.journal.corrections().items()
            if label not in here
        ]

    def likeness(self, prints: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Who is alike; compared anew only if somebody's work has changed since the last run."""
        compared = fingerprint(prints)
        if self.journal.fact("compared") == compared:
            return {}
        return {"pairs": [vars(pair) for pair in alike(prints)], "compared": compared}

    def row(self, entry: Handed, evidence: Evidence | None, key: str) -> dict[str, Any]:
        rubric, counts = self.request.task.rubric, entry.counts
        result = scored(evidence, rubric) if evidence is not None else None
        student_id = entry.student_id or (result["student_id"] if result else None)
        listed = (self.request.roster or {}).get(student_id or "")
        late = self.lateness(entry, listed)
        notes = list(entry.notes)
        known = student_id is not None or result is not None  # else it may stand only inside
        if self.request.roster is not None and listed is None and known:
            notes.append("Not on the roster.")
        if student_id is None and result is not None and counts.user is None:
            notes.append("Nothing in it names a student: whose it is must be found out.")
        notes += filter(None, [late.note(rubric.late)])
        if result is not None:
            result["student_id"] = student_id
            result["submission"]["late"] = late.late
        trouble = self.trouble.get(entry.label)
        return {
            "label": entry.label,
            "was": entry.label,
            "key": key,
            "student_id": student_id,
            "name": (listed.name if listed else "") or printable(counts.name or ""),
            "user": counts.user,
            "file": printable(counts.file),
            "others": [printable(other.file) for other in entry.others],
            "late": late.late,
            "late_hours": None if late.by is None else round(late.by.total_seconds() / 3600, 2),
            "late_percent": late.percent(rubric.late),
            "late_sure": late.sure,
            "late_open": bool(late.note(rubric.late)),
            "notes": notes + ([trouble] if trouble else []),
            "state": "graded" if result else "unreadable" if trouble else "waiting",
            "result": result,
        }

    def lateness(self, entry: Handed, listed: Student | None) -> Lateness:
        told = listed.submitted if listed else None
        return lateness(self.request.deadline, told, entry.counts.modified, entry.counts.late)

    def missing(self, there: set[str | None]) -> list[dict[str, Any]]:
        """Rows of the students on the roster who handed in nothing."""
        return [
            {
                "label": student.id,
                "was": student.id,
                "key": "",
                "student_id": student.id,
                "name": student.name,
                "user": None,
                "file": "",
                "others": [],
                "late": False,
                "late_hours": None,
                "late_percent": 0.0,
                "notes": [],
                "state": "missing",
                "result": None,
            }
            for student in sorted((self.request.roster or {}).values(), key=lambda s: s.id)
            if student.id not in there
        ]


def _with_unique_ids(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A submission whose id was found only inside goes by it, unless another student has it; then
    both are told of, for nobody knows yet whose id it is."""
    ids = [row["student_id"] for row in rows]
    for row in rows:
        student_id = row["student_id"]
        if student_id is None:
            continue
        if ids.count(student_id) == 1:
            row["label"] = student_id
        elif not any(student_id in note for note in row["notes"]):
            row["notes"].append(f"Another submission carries {student_id}, too.")
    return rows


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
