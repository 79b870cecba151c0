"""Classes as Canvas and people hand them over, each with the outcome decided beforehand.

A case is what was handed in, by name with the part of the points that it is worth; what is known of
the class; and for each folder of grades the id, the points and what a person is told.
"""

import csv
import io
import os
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from grader.batch import run as run_module
from grader.batch.gather import gather, holds_submissions
from grader.batch.gradebook import Entry, Gradebook, read_gradebook
from grader.batch.journal import Journal
from grader.batch.roster import Roster, Student, read_roster
from grader.batch.run import Watch
from grader.batch.work import fetch
from grader.commands.correct import correct
from grader.errors import GraderError, UsageError
from grader.report.pages import write_pages
from grader.report.tables import canvas_csv, plain_csv, unsettled
from tests.batch.fake import Threads, batch, fake_grade

KIM, LEE, PARK = "2023-00001", "2023-00002", "2023-00003"
GRADEBOOK = """Student,ID,SIS User ID,SIS Login ID,Section,Diffusion (22)
    Points Possible,,,,,100
"Kim, Minsu",71,2023-00001,kim,A,
"Lee, Younghee",72,2023-00002,lee,A,
"Park, Seojun",73,2023-00003,park,A,
"Student, Test",74,,,A,
"""
LIST = {
    KIM: Student(KIM, "Minsu Kim"),
    LEE: Student(LEE, "Younghee Lee"),
    PARK: Student(PARK, "Seojun Park"),
}


@dataclass(frozen=True)
class Told:
    """Of one folder of grades: the part of the points, and a part of what a person is told."""

    points: float | None
    says: str = ""
    student_id: str | None = ""  # that of the label, unless given
    status: str = "graded"


@dataclass(frozen=True)
class Case:
    """``zipped`` came from Canvas, ``plain`` lies in a folder. ``known`` is "nothing", "list" or
    "gradebook"."""

    title: str
    expected: Mapping[str, Told]
    zipped: Mapping[str, float] = field(default_factory=dict)
    plain: Mapping[str, float] = field(default_factory=dict)
    known: str = "nothing"
    canvas: Mapping[str, str] = field(default_factory=dict)  # Canvas's number: what is filled in


def ok(points: float, says: str = "", **more: Any) -> Told:
    return Told(points, says, **more)


def missing(*ids: str) -> dict[str, Told]:
    return {i: Told(None, status="missing") for i in ids}


TWICE = "Another submission carries 2023-00001, too"
CASES = [
    # ---- names as Canvas writes them
    Case("as it should be", {KIM: ok(50)}, {"kimminsu_71_5_2023-00001.tar.gz": 0.5}),
    Case(
        "underscores in a name",
        {KIM: ok(50), LEE: ok(30)},
        {"kim_min_su_71_5_2023-00001.tar.gz": 0.5, "lee__72_6_2023-00002.tar.gz": 0.3},
    ),
    Case("a number in a name", {KIM: ok(50)}, {"kim12minsu_71_5_2023-00001.tar.gz": 0.5}),
    Case("digits end a name", {KIM: ok(50)}, {"kimminsu2_71_5_2023-00001.tar.gz": 0.5}),
    Case("a name of digits", {KIM: ok(50)}, {"2023_71_5_2023-00001.tar.gz": 0.5}),
    Case("no letter is left of a name", {KIM: ok(50)}, {"_71_5_2023-00001.tar.gz": 0.5}),
    Case("a Korean name", {KIM: ok(50)}, {"김민수_LATE_71_5_2023-00001.tar.gz": 0.5}),
    Case(
        "digits after an underscore end a late name",
        {KIM: ok(50)},
        {"kim_12_LATE_71_5_2023-00001.tar.gz": 0.5},
    ),
    Case(
        "digits after an underscore end a name",
        {KIM: ok(50, "can mean user 12 or 71")},
        {"kim_12_71_5_2023-00001.tar.gz": 0.5},
    ),
    Case(
        "digits after an underscore end a name, and the gradebook tells",
        {KIM: ok(50), **missing(LEE, PARK)},
        {"kim_12_71_5_2023-00001.tar.gz": 0.5},
        known="gradebook",
        canvas={"71": "50.00"},
    ),
    Case(
        "a file's name begins with a number, and the gradebook tells",
        {KIM: ok(50), **missing(LEE, PARK)},
        {"kimminsu_71_5_2_final.tar.gz": 0.5},
        known="gradebook",
        canvas={"71": "50.00"},
    ),
    Case(
        "two whose names end in numbers stay two",
        {KIM: ok(50, "can mean user"), LEE: ok(30, "can mean user")},
        {"kim_1_71_5_2023-00001.tar.gz": 0.5, "kim_1_72_6_2023-00002.tar.gz": 0.3},
    ),
    Case(
        "anonymous grading",
        {KIM: ok(50), "anon_x9Yz2": ok(30, student_id=None)},
        {"anon_aB3dE_5_2023-00001.tar.gz": 0.5, "LATE_anon_x9Yz2_6_work.tar.gz": 0.3},
    ),
    Case(
        "an anonymous id of digits",
        {KIM: ok(50, "can mean user")},
        {"anon_12345_5_2023-00001.tar.gz": 0.5},
    ),
    Case(
        "a later attempt",
        {KIM: ok(70)},
        {"kim_71_5_2023-00001.tar.gz": 0.5, "kim_71_9_2023-00001-1.tar.gz": 0.7},
    ),
    Case(
        "a later attempt under another name",
        {KIM: ok(70)},
        {"kim_71_9_final.tar.gz": 0.7, "kim_71_5_2023-00001-4.tar.gz": 0.5},
    ),
    Case(
        "a browser's number in front of the ending",
        {KIM: ok(70)},
        {"kim_71_9_2023-00001 (2).tar.gz": 0.7, "kim_71_5_2023-00001.tar.gz": 0.5},
    ),
    Case(
        "Canvas's names in a folder, mixed with plain ones",
        {KIM: ok(50), LEE: ok(30)},
        plain={"kimminsu_71_5_2023-00001.tar.gz": 0.5, "2023-00002.tar.gz": 0.3},
    ),
    Case(
        "numbers in students' own names for their files",
        {KIM: ok(50), LEE: ok(30)},
        plain={"2023-00001_2_1_final.tar.gz": 0.5, "2023-00002_2_1_final.tar.gz": 0.3},
    ),
    # ---- texts and links in place of files
    Case(
        "a text was typed in",
        {"user_71": ok(None, "A text was typed into Canvas", student_id=None,
                       status="needs_review")},
        {"kimminsu_71_text.html": 0.5},
    ),
    Case(
        "a late link was given, and the gradebook tells whose",
        {KIM: Told(None, "A link was given to Canvas", status="needs_review"),
         LEE: ok(30), **missing(PARK)},
        {"kimminsu_LATE_71_link.html": 0.5, "leeyounghee_72_6_work.tar.gz": 0.3},
        known="gradebook",
        canvas={"71": "", "72": "30.00"},
    ),
    Case(
        "an anonymous text",
        {"anon_aB3": Told(None, "A text was typed", None, "needs_review")},
        {"anon_aB3_text.html": 0.5},
    ),
    Case(
        "a text beside a file",
        {KIM: ok(50)},
        {"kim_71_text.html": 0.9, "kim_71_5_2023-00001.tar.gz": 0.5},
    ),
    Case(
        "two texts of one name",
        {"user_71": Told(None, "A text was typed", None, "needs_review"),
         "user_72": Told(None, "A text was typed", None, "needs_review")},
        {"kim_71_text.html": 0.5, "kim_72_text-1.html": 0.5},
    ),
    # ---- ids that are mistyped, or another's
    Case(
        "a mistyped id, and the gradebook tells whose",
        {KIM: ok(50, "The file is named 2023-00010"), **missing(LEE, PARK)},
        {"kimminsu_71_5_2023-00010.tar.gz": 0.5},
        known="gradebook",
        canvas={"71": "50.00"},
    ),
    Case(
        "a mistyped id, and the names tell whose it may be",
        {"2023-00010": ok(50, "which is 2023-00001's name on the roster"),
         **missing(KIM, LEE, PARK)},
        {"kimminsu_71_5_2023-00010.tar.gz": 0.5},
        known="list",
    ),
    Case(
        "an id that is not on the list",
        {"2023-99999": ok(50, "Not on the roster."), **missing(KIM, LEE, PARK)},
        {"stranger_99_5_2023-99999.tar.gz": 0.5},
        known="list",
    ),
    Case(
        "no dash in the id",
        {KIM: ok(50, "is written in another way than 2023-00001")},
        {"kimminsu_71_5_202300001.tar.gz": 0.5},
    ),
    Case(
        "another's id, and nobody tells",
        {KIM: ok(50, TWICE), f"{KIM}_user_72": ok(30, TWICE, student_id=KIM)},
        {"kimminsu_71_5_2023-00001.tar.gz": 0.5, "leeyounghee_72_6_2023-00001.tar.gz": 0.3},
        canvas={"71": "50.00", "72": "30.00", "73": ""},
    ),
    Case(
        "another's id, and the names tell",
        {KIM: ok(50, TWICE), f"{KIM}_user_72": ok(30, TWICE, student_id=KIM),
         **missing(LEE, PARK)},
        {"kimminsu_71_9_2023-00001.tar.gz": 0.5, "leeyounghee_72_6_2023-00001.tar.gz": 0.3},
        known="list",
    ),
    Case(
        "another's id, and the gradebook tells",
        {KIM: ok(50), LEE: ok(30, "named 2023-00001"), **missing(PARK)},
        {"kimminsu_71_5_2023-00001.tar.gz": 0.5, "leeyounghee_72_6_2023-00001.tar.gz": 0.3},
        known="gradebook",
        canvas={"71": "50.00", "72": "30.00", "73": ""},
    ),
    Case(
        "the id of one who handed in nothing, and the gradebook tells",
        {LEE: ok(30, "named 2023-00001"), **missing(KIM, PARK)},
        {"leeyounghee_72_6_2023-00001.tar.gz": 0.3},
        known="gradebook",
        canvas={"71": "", "72": "30.00"},
    ),
    Case(
        "the id of one who handed in nothing, and the names tell",
        {KIM: ok(30, "2023-00002's name on the roster"), **missing(LEE, PARK)},
        {"leeyounghee_72_6_2023-00001.tar.gz": 0.3},
        known="list",
    ),
    Case(
        "of one who dropped the course, with the id of one who did not",
        {"user_99": ok(30, "that is user 71", student_id=None), KIM: ok(50), **missing(LEE, PARK)},
        {"gone_99_6_2023-00001.tar.gz": 0.3, "kimminsu_71_5_2023-00001.tar.gz": 0.5},
        known="gradebook",
        canvas={"71": "50.00"},
    ),
    Case(
        "three friends share one name for their files",
        {KIM: ok(50), LEE: ok(30), PARK: ok(20)},
        {"kim_71_5_team.tar.gz": 0.5, "lee_72_6_team.tar.gz": 0.3, "park_73_7_team.tar.gz": 0.2},
        known="gradebook",
        canvas={"71": "50.00", "72": "30.00", "73": "20.00"},
    ),
    Case(
        "three friends share one of their ids",
        {KIM: ok(50, "Other submissions carry 2023-00001, too"),
         f"{KIM}_user_72": ok(30, "Other submissions", student_id=KIM),
         f"{KIM}_user_73": ok(20, "Other submissions", student_id=KIM)},
        {f"{n}_7{k}_{k}_2023-00001.tar.gz": p
         for n, k, p in (("kim", 1, 0.5), ("lee", 2, 0.3), ("park", 3, 0.2))},
        canvas={"71": "50.00", "72": "30.00", "73": "20.00"},
    ),
    Case(
        "two ids in one name",
        {"user_71": ok(50, "carries several student ids", student_id=None), LEE: ok(30)},
        {"kim_71_5_2023-00001_2023-00002.tar.gz": 0.5, "lee_72_6_2023-00002.tar.gz": 0.3},
        canvas={"71": "50.00", "72": "30.00"},
    ),
    Case(
        "two ids in the name of a plain file",
        {LEE: ok(30), "unnamed": ok(50, "carries several student ids", student_id=None)},
        plain={"2023-00001_2023-00002.tar.gz": 0.5, "2023-00002.tar.gz": 0.3},
    ),
    Case(
        "first the friend's id, then the own",
        {LEE: ok(30, "The attempts carry different student ids."), KIM: ok(50)},
        {"lee_72_6_2023-00001.tar.gz": 0.9, "lee_72_8_2023-00002.tar.gz": 0.3,
         "kim_71_7_2023-00001.tar.gz": 0.5},
    ),
    # ---- ids that stand only inside
    Case(
        "the id stands only inside",
        {KIM: ok(50)},
        {"kim_71_5_final.tar.gz inside 2023-00001": 0.5},
    ),
    Case(
        "a nameless archive holds the id of one who is named",
        {KIM: ok(50, TWICE), "unnamed": ok(30, TWICE, student_id=KIM)},
        plain={"2023-00001.tar.gz": 0.5, "final.tar.gz inside 2023-00001": 0.3},
        canvas={"71": "50.00", "72": ""},
    ),
    Case(
        "a user's nameless archive holds the id of another",
        {KIM: ok(50, TWICE), f"{KIM}_user_72": ok(30, TWICE, student_id=KIM)},
        {"kim_71_5_2023-00001.tar.gz": 0.5, "lee_72_6_final.tar.gz inside 2023-00001": 0.3},
        canvas={"71": "50.00", "72": "30.00"},
    ),
    Case(
        "the gradebook tells whose the archive with another's id is",
        {KIM: ok(50), LEE: ok(30), **missing(PARK)},
        {"kim_71_5_2023-00001.tar.gz": 0.5, "lee_72_6_final.tar.gz inside 2023-00001": 0.3},
        known="gradebook",
        canvas={"71": "50.00", "72": "30.00"},
    ),
    Case(
        "nothing names anybody",
        {"unnamed": ok(50, "whose it is must be found out", student_id=None)},
        plain={"final.tar.gz": 0.5},
    ),
    # ---- files beside Canvas's
    Case(
        "a file by mail, and the gradebook tells whose",
        {KIM: ok(70), **missing(LEE, PARK)},
        {"kimminsu_71_5_2023-00001.tar.gz": 0.5},
        {"2023-00001-1.tar.gz": 0.7},
        known="gradebook",
        canvas={"71": "70.00"},
    ),
    Case(
        "a file by mail under an id that another user took",
        {KIM: ok(70, TWICE), f"{KIM}_user_72": ok(30, TWICE, student_id=KIM)},
        {"lee_72_6_2023-00001.tar.gz": 0.3},
        {"2023-00001.tar.gz": 0.7},
        canvas={"71": "70.00", "72": "30.00"},
    ),
    Case(
        "other kinds of archives",
        {KIM: ok(50), LEE: ok(30), PARK: ok(20)},
        {"kim_71_5_2023-00001.zip": 0.5, "lee_72_6_2023-00002.7z": 0.3},
        {"2023-00003.tar": 0.2},
    ),
    Case(
        "what is no submission lies beside them",
        {KIM: ok(50)},
        plain={"2023-00001.tar.gz": 0.5, "notes.txt": 0.1, ".DS_Store": 0.1, "roster.csv": 0.1},
    ),
]  # fmt: skip


def handed_in(folder: Path, case: Case) -> list[Path]:
    paths = [folder / "in"]
    paths[0].mkdir()
    for name, part in case.plain.items():
        (paths[0] / name.split(" inside ")[0]).write_bytes(content(name, part))
    if case.zipped:
        paths.append(folder / "submissions.zip")
        with zipfile.ZipFile(paths[1], "w") as archive:
            for name, part in case.zipped.items():
                archive.writestr(name.split(" inside ")[0], content(name, part))
    return paths


def content(name: str, part: float) -> bytes:
    return f"{part} {name}".encode()


def graded(job: Any) -> Any:
    """The points that the content names, and the id that it says stands inside."""
    found = fake_grade(job)
    text = b"".join(job.place.chunks()).decode()
    if not found.result.student_id and " inside " in text:
        inside = text.split(" inside ")[1]
        return replace(found, result=replace(found.result, student_id=inside))
    return found


def known(folder: Path, case: Case) -> Roster | None:
    (folder / "gradebook.csv").write_text(GRADEBOOK, "utf-8")
    if case.known == "gradebook":
        return read_roster(folder / "gradebook.csv")
    return LIST if case.known == "list" else None


def run(
    folder: Path, case: Case, roster: Roster | None, monkeypatch: pytest.MonkeyPatch
) -> Gradebook:
    monkeypatch.setattr(run_module, "grade_job", graded)
    paths = handed_in(folder, case)
    with batch(folder / "grades", *paths, roster=roster) as started:
        started.run(Threads(), Watch())
        book = read_gradebook(started.journal)
        write_pages(started.journal, book)
    return book


def label_of(entry: Entry) -> str:
    return "unnamed" if entry.label.startswith("unnamed_") else entry.label


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_class_ends_as_was_decided(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = run(tmp_path, case, known(tmp_path, case), monkeypatch)
    found = {label_of(entry): entry for entry in book.entries}
    assert set(found) == set(case.expected)
    for label, told in case.expected.items():
        entry = found[label]
        assert (entry.points, entry.status) == (told.points, told.status), label
        assert entry.student_id == (label if told.student_id == "" else told.student_id)
        flags = [flag.message for flag in (entry.result.flags if entry.result else ())]
        said = [*entry.reasons, *flags]
        assert not told.says or any(told.says in line for line in said), said
        if not told.says:
            assert entry.reasons == []
        assert (entry.result is None) != (
            tmp_path / "grades" / entry.label / "report.html"
        ).exists()
    if case.canvas:
        table = canvas_csv(book, tmp_path / "gradebook.csv").text
        filled = {row["ID"]: row["Diffusion (22)"] for row in csv.DictReader(io.StringIO(table))}
        assert {number: filled[number] for number in case.canvas} == dict(case.canvas)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_second_run_changes_nothing_and_grades_nothing(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roster = known(tmp_path, case)
    before = run(tmp_path, case, roster, monkeypatch)
    monkeypatch.setattr(run_module, "grade_job", None)  # it would fail
    with batch(
        tmp_path / "grades", tmp_path / "in", *tmp_path.glob("*.zip"), roster=roster
    ) as again:
        again.run(Threads(), Watch())
        after = read_gradebook(again.journal)
    assert plain_csv(after) == plain_csv(before)
    assert [entry.row["notes"] for entry in after.entries] == [
        entry.row["notes"] for entry in before.entries
    ]


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.known == "gradebook" and not c.plain], ids=lambda c: c.title
)
def test_the_gradebook_at_the_export_fills_the_same_rows_without_a_roster(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for files by mail, which only the roster joins to their senders'."""
    known(tmp_path, case)
    book = run(tmp_path, case, None, monkeypatch)
    table = canvas_csv(book, tmp_path / "gradebook.csv").text
    filled = {row["ID"]: row["Diffusion (22)"] for row in csv.DictReader(io.StringIO(table))}
    assert {number: filled[number] for number in case.canvas} == dict(case.canvas)


def test_a_text_or_link_is_corrected_by_a_person_and_then_has_a_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case("", {}, {"kim_71_link.html": 0.5})
    book = run(tmp_path, case, None, monkeypatch)
    (entry,) = book.entries
    assert unsettled(book) == [
        "Without a score, because nothing could be judged: user_71. A TA must look."
    ]
    assert entry.reasons == ["A link was given to Canvas in place of a file. A TA will look at it."]
    for item in entry.items:
        said = correct(tmp_path / "grades", "user_71", item.id, 7.5, "downloaded by hand", "ta")
    assert said.endswith("total 75")


def test_loose_files_are_graded_as_one_submission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(
        "", {}, {"kim_71_5_2-1.ipynb": 0.5, "kim_71_6_2-2.ipynb": 0.3, "kim_71_7_results.zip": 0.1}
    )
    monkeypatch.setattr(run_module, "grade_job", None)
    with batch(tmp_path / "grades", *handed_in(tmp_path, case)) as started:
        with pytest.raises(GraderError):
            started.run(Threads(), Watch())
        (job,) = started.jobs(started.handed, Watch())
    folder = tmp_path / "fetched"
    folder.mkdir()
    with tarfile.open(fetch(job, folder)) as tar:
        assert tar.getnames() == ["2-1.ipynb", "2-2.ipynb", "results.zip"]
        assert tar.extractfile("2-2.ipynb").read() == content("kim_71_6_2-2.ipynb", 0.3)  # type: ignore[union-attr]
    assert job.file == "2-1.ipynb + 2-2.ipynb + results.zip"


def test_names_in_a_zip_without_an_encoding_are_read_as_people_here_pack_them(
    tmp_path: Path,
) -> None:
    for encoding in ("cp949", "utf-8"):
        path = tmp_path / f"{encoding}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x" * len("김민수_71_5_2023-00001.tar.gz".encode(encoding)), b"1")
        name = "김민수_71_5_2023-00001.tar.gz".encode(encoding)
        path.write_bytes(path.read_bytes().replace(b"x" * len(name), name))
        (found,) = gather([path]).attempts
        assert (found.name, found.user, found.student_id) == ("김민수", "71", KIM)
        assert b"".join(found.place.chunks()) == b"1"


def test_a_students_own_zip_is_a_submission_and_canvas_zip_is_none(tmp_path: Path) -> None:
    def zipped(name: str, *members: str) -> Path:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for member in members:
                archive.writestr(member, member)
        return tmp_path / name

    notebooks = ("hw/Assignment2-1.ipynb", "hw/results.zip", "hw/results_epsilon_linear/x.png")
    own = [
        zipped("2023-00001.zip", *notebooks),
        zipped("final.zip", *notebooks),
        zipped("2023-00002.zip", "readme.txt"),
    ]
    for path in own:
        assert not holds_submissions(path)
        (found,) = gather([path]).attempts
        assert found.place.path == path
        assert found.place.member is None
    classes = [
        zipped("a.zip", "kim_71_5_2023-00001.tar.gz"),
        zipped("b.zip", "kim_71_5_work.ipynb", "lee_72_text.html"),
        zipped("c.zip", "section 1/2023-00001.tar.gz", "section 1/2023-00002.zip"),
    ]
    for path in classes:
        assert holds_submissions(path)
        assert all(a.place.member for a in gather([path]).attempts)
    assert {a.place.path for a in gather([tmp_path]).attempts} == set(own)


def test_friends_who_hand_in_the_same_bytes_each_have_their_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "grade_job", graded)
    names = ["202300001.tar.gz", "2023_00002.tar.gz", "mine.tar.gz", "2023-00003_2023-00004.tar.gz"]
    (tmp_path / "in").mkdir()
    for name in names:
        (tmp_path / "in" / name).write_bytes(b"0.5")
    with batch(tmp_path / "grades", tmp_path / "in") as started:
        started.run(Threads(), Watch())
        book = read_gradebook(started.journal)
    assert sorted(entry.row["file"] for entry in book.entries) == sorted(names)
    assert {entry.points for entry in book.entries} == {50.0}


def test_correcting_by_mistaken_name_offers_the_near_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = run(tmp_path, CASES[0], None, monkeypatch)
    with pytest.raises(UsageError, match=r"no student '2023-0001'. Did you mean 2023-00001\?"):
        book.entry("2023-0001")


def test_grades_survive_that_files_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file that names nobody, too: it is known by its own name and its bytes."""
    case = Case("", {}, plain={"final.tar.gz": 0.5, "2023-00001.tar.gz": 0.3})
    book = run(tmp_path, case, None, monkeypatch)
    (label,) = [e.label for e in book.entries if e.student_id is None]
    correct(tmp_path / "grades", label, "loss", 8.0, "", "ta")
    os.rename(tmp_path / "in", tmp_path / "moved")
    (tmp_path / "moved" / "again").mkdir()
    (tmp_path / "moved" / "final.tar.gz").rename(tmp_path / "moved" / "again" / "final.tar.gz")
    moved = (tmp_path / "moved", tmp_path / "moved" / "again")
    with batch(tmp_path / "grades", *moved) as started:
        started.run(Threads(), Watch())
    with Journal(tmp_path / "grades") as journal:
        after = read_gradebook(journal).entry(label)
    assert [item.points for item in after.items if item.id == "loss"] == [8.0]
