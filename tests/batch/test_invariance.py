"""What others hand in, and what they call it, changes nothing of a student's own."""

import csv
import io
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from grader.batch import run as run_module
from grader.batch.canvas import Downloaded, shortened
from grader.batch.gradebook import Entry, Gradebook, read_gradebook
from grader.batch.roster import Roster, Student
from grader.batch.run import Watch
from grader.batch.work import Job
from grader.commands.correct import correct
from grader.report.tables import canvas_csv, plain_csv
from tests.batch.fake import Threads, batch, fake_grade

PEOPLE = {f"2023-{n:05}": name for n, name in enumerate(("Kim, A", "Lee, B", "Park, C", "Choi, D"))}
IDS = list(PEOPLE)
ROWS = [
    "Student,ID,SIS User ID,SIS Login ID,Section,Diffusion (22)",
    *(f'"{name}",{70 + n},{i},{i},A,' for n, (i, name) in enumerate(PEOPLE.items())),
]


@dataclass(frozen=True)
class Sender:
    """A student, how the files came, what their names say, and the id that stands inside."""

    number: int
    by_canvas: bool
    says: tuple[str, ...]
    inside: str | None = None

    def files(self) -> dict[str, bytes]:
        found = {}
        for attempt, says in enumerate(self.says):
            user = str(70 + self.number)
            named = Downloaded(
                shortened(PEOPLE[IDS[self.number]]), user, 10 * self.number + attempt + 500, says
            )
            name = named.build() if self.by_canvas else says
            part = (1 + self.number) / 10 + attempt / 100
            found[name] = f"{part} inside={self.inside or ''} of {self.number}".encode()
        return found

    @property
    def owner(self) -> str:
        return f"user {70 + self.number}"


def graded(job: Job) -> Any:
    """By the first word of the content; without an id in the name by the one inside."""
    content = b"".join(job.place.chunks())
    found = fake_grade(replace(job, content=content))
    inside = content.decode().split("inside=")[1].split()[0] if b"inside=2" in content else None
    return replace(
        found, result=replace(found.result, student_id=found.result.student_id or inside)
    )


def run(folder: Path, senders: list[Sender], roster: Roster | None) -> Gradebook:
    handed_in, before = folder / "in", run_module.grade_job
    shutil.rmtree(handed_in, ignore_errors=True)
    handed_in.mkdir()
    for sender in senders:
        for name, content in sender.files().items():
            (handed_in / name).write_bytes(content)
            os.utime(handed_in / name, (0, 0))
    run_module.grade_job = graded
    try:
        with batch(folder / "grades", handed_in, roster=roster) as started:
            started.run(Threads(), Watch())
            return read_gradebook(started.journal)
    finally:
        run_module.grade_job = before


def names(own: str) -> st.SearchStrategy[str]:
    """What a student may call a file: with the own id, another's, several, or none."""
    ids = st.sampled_from([own, *IDS, "2023-09999"])
    return st.one_of(
        st.just(f"{own}.tar.gz"),
        ids.map("{}.tar.gz".format),
        ids.map("{}-1.tar.gz".format),
        ids.map("hw_{}_final.zip".format),
        ids.map(lambda i: f"{i.replace('-', '')}.tar.gz"),
        st.tuples(ids, ids).map("{0[0]}_{0[1]}.tar.gz".format),
        st.just("final.tar.gz"),
    )


@st.composite
def classes(draw: st.DrawFn) -> list[Sender]:
    """The first one hands in by Canvas, or a file under the own id; the others do anything."""
    first = draw(
        st.one_of(
            names(IDS[0]).map(lambda name: Sender(0, True, (name,), IDS[0])),
            st.just(Sender(0, False, (f"{IDS[0]}.tar.gz",))),
        )
    )
    others = []
    for number in range(1, len(IDS)):
        by_canvas = draw(st.booleans())
        own = names(IDS[number])
        if not by_canvas:  # a plain file's name alone says whose it is
            own = own.filter(lambda name: IDS[0] not in name)
        says = tuple(draw(st.lists(own, min_size=1, max_size=2, unique=True)))
        others.append(Sender(number, by_canvas, says, draw(st.sampled_from([None, *IDS]))))
    files = [name for sender in (first, *others) for name in sender.files()]
    assume(len(files) == len(set(files)))  # one would be written over another
    return [first, *others]


ROSTERS = {
    "no roster": None,
    "names": {i: Student(i, name) for i, name in PEOPLE.items()},
    "gradebook": {i: Student(i, p, user=str(70 + n)) for n, (i, p) in enumerate(PEOPLE.items())},
}


def own(book: Gradebook, sender: Sender) -> Entry:
    owners = {sender.owner, f"id {IDS[0]}"}
    found = [entry for entry in book.entries if owners & set(entry.row["owners"])]
    by_user = [entry for entry in found if entry.row["owner"] == sender.owner]
    return (by_user or found)[0]


def shown(book: Gradebook, sender: Sender, folder: Path) -> dict[str, Any]:
    """All that counts of a student: the result, the points, and the rows of every export."""
    entry = own(book, sender)
    row = {k: v for k, v in entry.row.items() if k not in ("label", "notes", "stands")}
    row["result"] = replace(row["result"], seconds={})
    corrections = [item.decision for item in entry.items]
    file = folder / "gradebook.csv"
    file.write_text("\n".join(ROWS), "utf-8")
    plain = next(r for r in table(plain_csv(book)) if r["folder"] == entry.label)
    canvas = next(r for r in table(canvas_csv(book, file).text) if r["ID"] == "70")
    mine = [
        r for r in table(canvas_csv(book).text)
        if (r["ID"] == "70" if sender.by_canvas else not r["ID"] and r["SIS User ID"] == IDS[0])
    ]  # fmt: skip
    del plain["folder"]
    return {
        "row": row,
        "points": entry.points,
        "corrections": corrections,
        "csv": plain,
        "canvas": canvas,
        "own canvas": mine,
    }


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("known", ROSTERS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(senders=classes())
def test_nothing_that_others_do_changes_a_students_own(known: str, senders: list[Sender]) -> None:
    roster, first = ROSTERS[known], senders[0]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        alone = run(folder, [first], roster)
        label = own(alone, first).label
        correct(folder / "grades", label, "loss", 7.5, "by hand", "ta")
        alone = run(folder, [first], roster)
        expected = shown(alone, first, folder)
        together = run(folder, senders, roster)
        assert shown(together, first, folder) == expected
        labels = [entry.label for entry in together.entries]
        assert len(set(labels)) == len(labels)
        there = [entry for entry in together.entries if entry.result]
        assert len(there) >= len({s.owner for s in senders if s.by_canvas})


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(senders=classes(), data=st.data())
def test_in_whatever_order_they_come_the_gradebook_is_the_same(
    senders: list[Sender], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as place, tempfile.TemporaryDirectory() as other:
        first = run(Path(place), senders, None)
        second = run(Path(other), data.draw(st.permutations(senders)), None)
        assert plain_csv(first) == plain_csv(second)


@pytest.mark.parametrize("known", ROSTERS)
def test_who_is_graded_alone_under_the_own_id_keeps_folder_and_status(
    known: str, tmp_path: Path
) -> None:
    victim = Sender(0, True, (f"{IDS[0]}.tar.gz",))
    before = own(run(tmp_path, [victim], ROSTERS[known]), victim)
    assert (before.label, before.status) == (IDS[0], "graded")
    others = [
        Sender(1, True, (f"{IDS[0]}.tar.gz",)),
        Sender(2, True, ("work.tar.gz",), IDS[0]),
        Sender(3, False, ("final.tar.gz",), IDS[0]),
    ]
    book = run(tmp_path, [victim, *others], ROSTERS[known])
    after = own(book, victim)
    assert (after.label, after.status, after.points) == (IDS[0], "graded", before.points)
    told = [e.label for e in book.entries if any(IDS[0] in str(note) for note in e.row["notes"])]
    # who is surely somebody else is not asked about
    assert len(told) == {"no roster": 4, "names": 4, "gradebook": 1}[known]
