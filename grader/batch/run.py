"""One batch, start to end: gather, choose, grade what the journal lacks, write the gradebook."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from grader.batch.choose import Handed, choose
from grader.batch.decisions import Decisions
from grader.batch.evidence import Evidence, can_score, conditions, key_of
from grader.batch.executors import Backend, dispatch
from grader.batch.gather import Attempt, gather
from grader.batch.gradebook import keys_of
from grader.batch.journal import Journal
from grader.batch.labels import Standing, standings
from grader.batch.likeness import alike, fingerprint, prepare
from grader.batch.places import sizes
from grader.batch.roster import Student
from grader.batch.row import Row
from grader.batch.rows import Desk
from grader.batch.work import Job, Task, Unreadable, fault, grade_job, typed_in, unread
from grader.intake.paths import printable
from grader.messages.message import Said, say

WORKER_ENDED = say("handed_in.worker_ended")


@dataclass(frozen=True)
class Request:
    """What the command line asks for."""

    paths: Sequence[Path]
    task: Task
    roster: Mapping[str, Student] | None = None
    deadline: datetime | None = None
    rerun: str | None = None
    by_value: bool = False  # submissions travel to workers that do not see this machine's files
    stages: Path | None = None  # the folder into which this machine's workers write what they do


@dataclass
class Watch:
    """Told how a batch goes on; the command line shows it. ``begun`` is told the size of each
    submission to grade, in their order, and how many were graded before; ``given`` of each that is
    handed to a worker, ``ended`` of each whose answer is stored, and the name that it has by
    then."""

    stage: Callable[[str], None] = lambda what: None
    begun: Callable[[Sequence[int], int], None] = lambda to_do, known: None
    given: Callable[[str], None] = lambda label: None
    ended: Callable[[str, Evidence | Unreadable, str], None] = lambda label, answer, name: None


@dataclass
class Batch:
    """A batch under way: who handed in what, the key of each, and what went wrong, by owner."""

    request: Request
    journal: Journal
    handed: list[Handed] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    inside: dict[str, str] = field(default_factory=dict)
    trouble: dict[str, Said] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    known: int = 0  # results that were in the journal already
    held: dict[str, str] = field(default_factory=dict)
    standing: dict[str, Standing] = field(default_factory=dict)
    basis: dict[str, object] = field(default_factory=dict)  # of each row that is in the journal

    @cached_property
    def given(self) -> str:
        """The conditions of this batch's evidence."""
        task = self.request.task
        return conditions(task.rubric, task.run, task.sandbox, task.seed, task.resample)

    @cached_property
    def desk(self) -> Desk:
        return Desk(self.request.task.rubric, self.request.roster, self.request.deadline)

    def run(self, backend: Backend, watch: Watch) -> None:
        """Grades what is not known yet; the gradebook is written however it ends.

        Raises ``GraderError`` and ``KeyboardInterrupt``; what was graded before is kept.
        """
        watch.stage("reading what was handed in")
        found = gather(self.request.paths)
        self.lines = list(found.lines)
        if not found.attempts:
            where = ", ".join(printable(str(path)) for path in self.request.paths)
            self.lines.append(f"No submission was found in {where or 'nothing'}.")
        self.handed = choose(found.attempts, self.request.roster, self.identity)
        self.held = self.journal.fact("holders", {})
        self.gone = self.dropped()
        if self.request.rerun is not None:
            self.rerun(self.request.rerun)
        to_do = self.look_up()
        self.look_inside()
        self.stand()
        watch.begun(sizes(entry.counts.place for entry in to_do), self.known)
        try:
            if to_do:
                self.write_gradebook(at_the_end=False)
                watch.stage("starting the workers")
            jobs = self.jobs(to_do, watch)
            with ThreadPoolExecutor(1, "likeness") as beside:
                for job, answer in dispatch(jobs, grade_job, backend) if to_do else ():
                    if isinstance(answer, Evidence):
                        beside.submit(prepare, answer.prints)
                    self.take(job, fault(job, WORKER_ENDED) if answer is None else answer, watch)
        finally:
            watch.stage("comparing the submissions and writing the gradebook")
            self.write_gradebook(at_the_end=True)

    def identity(self, attempt: Attempt) -> str:
        """Of a file that names nobody, wherever it lies: its name and its bytes. Friends may hand
        in the same bytes, and each is a submission."""
        try:
            return f"{attempt.file} {self.journal.sha256(attempt.place)}"
        except OSError:
            return str(attempt.place)

    def rerun(self, which: str) -> None:
        if not self.journal.rerun(which):
            self.lines.append(
                f"--rerun {which}: no result was found that it means; give a student's id, "
                "'failed' or 'all'."
            )

    def look_up(self) -> list[Handed]:
        """Those whose evidence is not in the journal, or does not suffice for the rubric; and those
        that a fault of the grader's kept from being judged: it may have passed.

        Files that no batch has read yet are among them unread, so that grading begins at once.
        """
        to_do, self.known = [], 0
        for entry in self.handed:
            is_file = entry.counts.kind == "file"
            try:
                if is_file and self.journal.known_sha256(entry.counts.place) is None:
                    to_do.append(entry)
                    continue
                digest = self.journal.sha256(entry.counts.place)
                key = self.keys[entry.owner] = key_of(digest, entry.counts.file, self.given)
                if self.known_evidence(key) is not None:
                    self.known += 1
                elif is_file:
                    to_do.append(entry)
                else:  # there is nothing in it to grade
                    evidence = typed_in(self.job(entry, entry.owner), entry.counts.kind)
                    self.journal.store(key, self.given, evidence)
            except OSError as error:
                self.trouble[entry.owner] = unread(entry.counts.place, error)
        return to_do

    def known_evidence(self, key: str) -> Evidence | None:
        """What need not be graded again."""
        found = self.journal.find(key)
        usable = found is not None and not found.failed and self.suffices(found)
        return found if usable else None

    def suffices(self, evidence: Evidence) -> bool:
        return can_score(evidence, self.request.task.rubric)

    def look_inside(self) -> None:
        """The ids that were found inside submissions whose names have none."""
        for entry in self.handed:
            if entry.claim is None and entry.owner in self.keys:
                self.note_inside(entry.owner, self.journal.student_id(self.keys[entry.owner]))

    def note_inside(self, owner: str, student_id: str | None) -> None:
        self.inside.pop(owner, None)
        if student_id:
            self.inside[owner] = student_id

    def stand(self) -> None:
        """Everybody's folder, as far as ids are known."""
        self.standing = standings(self.handed, self.inside, self.held)

    def jobs(self, to_do: Sequence[Handed], watch: Watch) -> Iterator[Job]:
        """One at a time, as there is room for them; what has vanished by now has ended, too.

        Workers hash what they read. Here it is read only where it may be known already: as the same
        name was graded before, perhaps when the same bytes lay elsewhere.
        """
        names = self.journal.files(self.given)
        for entry in to_do:
            counts, label = entry.counts, self.standing[entry.owner].label
            try:
                if printable(counts.file) in names:
                    digest = self.journal.sha256(counts.place)
                    key = self.keys[entry.owner] = key_of(digest, counts.file, self.given)
                    known = self.known_evidence(key)
                    if known is not None:
                        self.end(entry.owner, label, known, watch)
                        continue
                job = self.job(entry, label)
                if self.request.by_value:
                    job = replace(job, content=b"".join(counts.place.chunks()))
            except OSError as error:
                gone = Unreadable(unread(counts.place, error))
                self.end(entry.owner, label, gone, watch)
                continue
            watch.given(label)
            yield job

    def job(self, entry: Handed, label: str) -> Job:
        """Raises ``OSError`` if the file is not there."""
        counts, task = entry.counts, self.request.task
        place, stamp = counts.place.absolute(), counts.place.stamp()
        stages = self.request.stages
        return Job(label, counts.file, place, task, None, stamp, entry.owner, stages)

    def take(self, job: Job, answer: Evidence | Unreadable, watch: Watch) -> None:
        if isinstance(answer, Evidence):
            answer = self.store(job, answer)
        self.end(job.owner, job.label, answer, watch)

    def store(self, job: Job, evidence: Evidence) -> Evidence | Unreadable:
        """The evidence, which is in the journal from now on, unless the file was being changed."""
        digest = evidence.result.sha256
        with suppress(OSError):  # what has vanished since was read to its end
            if job.place.stamp() != job.stamp:
                return Unreadable(say("note.changed", place=str(job.place)))
            self.journal.note_sha256(job.place, job.stamp, digest)
        key = self.keys[job.owner] = key_of(digest, job.file, self.given)
        self.journal.store(key, self.given, evidence)
        return evidence

    def end(self, owner: str, label: str, answer: Evidence | Unreadable, watch: Watch) -> None:
        """Writes the row of a submission whose answer is known."""
        if isinstance(answer, Unreadable):
            self.trouble[owner] = answer.reason
            self.write_row(owner, None)
        else:
            self.write_row(owner, answer)
        watch.ended(label, answer, self.standing[owner].label)

    # ---- the gradebook

    def write_row(self, owner: str, evidence: Evidence | None) -> None:
        """What is known of one, while the others go on."""
        (entry,) = [entry for entry in self.handed if entry.owner == owner]
        before = self.standing
        if entry.claim is None and evidence is not None:
            self.note_inside(owner, evidence.result.student_id)
            self.stand()
        if any(self.standing[o].label != before[o].label for o in before if o != owner):
            self.write_gradebook(at_the_end=False)
            return
        usable = evidence if evidence is not None and self.suffices(evidence) else None
        row = self.desk.row(entry, self.standing[owner], usable, self.trouble.get(owner))
        key = self.keys[owner] if usable else None
        self.journal.write_row(before[owner].label, row["label"], row, key)
        self.basis[owner] = self.basis_of(owner)

    def write_gradebook(self, *, at_the_end: bool) -> None:
        """What is known now, under today's rubric."""
        rows: list[tuple[str, Row, str | None]] = []
        prints: dict[str, Mapping[str, Any]] = {}
        for entry in self.handed:
            row, key = self.known_row(entry.owner) or self.new_row(entry)
            rows.append((row["label"], row, key))
            if at_the_end and key is not None and (found := self.journal.prints(key)):
                prints[row["label"]] = found
            self.basis[entry.owner] = self.basis_of(entry.owner)
        missing = self.desk.missing({row["student_id"] for _, row, _ in rows})
        rows += [(row["label"], row, None) for row in missing]
        rubric = self.request.task.rubric
        facts: dict[str, Any] = {
            "lines": self.lines,
            "gone": self.gone,
            "title": rubric.title,
            "items": [
                {"id": item.id, "max_points": item.points, "visibility": item.visibility}
                for item in rubric.items
            ],
        }
        if at_the_end:
            owners = {s.student_id: o for o, s in self.standing.items() if s.label == s.student_id}
            facts |= {
                "lines": [*self.lines, *self.about_gone(), *self.homeless(rows)],
                "gone": [],
                "holders": {**self.held, **owners},
                **self.likeness(prints),
            }
        self.journal.write_gradebook(rows, facts)

    def basis_of(self, owner: str) -> object:
        """What the row of a student follows from, in one run."""
        return self.standing[owner], self.trouble.get(owner), self.keys.get(owner)

    def known_row(self, owner: str) -> tuple[Row, str | None] | None:
        """The row that is in the journal, if it would be the same now."""
        if self.basis.get(owner) != self.basis_of(owner):
            return None
        return self.journal.row(self.standing[owner].label)

    def new_row(self, entry: Handed) -> tuple[Row, str | None]:
        owner = entry.owner
        evidence = self.journal.find(self.keys.get(owner, ""), stale=True)
        if evidence is not None and not self.suffices(evidence):
            evidence = None
        row = self.desk.row(entry, self.standing[owner], evidence, self.trouble.get(owner))
        return row, self.keys[owner] if evidence else None

    def dropped(self) -> list[str]:
        """Those of the last gradebook who are not in this one; of a run that was killed, too."""
        here = {owner for entry in self.handed for owner in entry.owners}
        before = [
            label
            for label, row, key in self.journal.gradebook()
            if key is not None and not here & set(row["owners"] or [f"id {label}"])
        ]
        return list(dict.fromkeys([*self.journal.fact("gone", []), *before]))

    def about_gone(self) -> list[str]:
        here = {standing.label for standing in self.standing.values()}
        gone = [label for label in self.gone if label not in here]
        if not gone:
            return []
        return [
            f"Graded before, but not among what was given now: {', '.join(gone)}. "
            "The results are kept: give all files to one command."
        ]

    def homeless(self, rows: Sequence[tuple[str, Row, str | None]]) -> list[str]:
        """A line for every decision on somebody who is not here."""
        here = {key for label, row, _ in rows for key in keys_of(label, row)}
        return [
            f"The correction of {made.label}, {made.target} to {made.points:g} points, fits no "
            "student here."
            for made in Decisions(self.journal.decisions()).every()
            if made.key not in here and made.points is not None
        ]

    def likeness(self, prints: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Who is alike; compared anew only if somebody's work has changed since the last run."""
        compared = fingerprint(prints)
        if self.journal.fact("compared") == compared:
            return {}
        return {"pairs": [pair.to_json() for pair in alike(prints)], "compared": compared}
