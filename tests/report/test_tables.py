"""CSV for people and for Canvas."""

import csv
import io
from pathlib import Path

import pytest

from grader.batch.gradebook import Entry
from grader.errors import UsageError
from grader.report.tables import canvas_csv, defused, plain_csv, unsettled
from grader.results import Flag, State
from tests.batch import fake
from tests.batch.fake import evidence
from tests.report.books import book, corrected, entry

HEADER = "Student,ID,SIS User ID,SIS Login ID,Section"


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\u3000=1", "＝1", "\r=1"]
)
def test_formulas_are_defused(text: str) -> None:
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Kim", "2023-12345", "a=b", "김민수"])
def test_other_texts_stay(text: str) -> None:
    assert defused(text) == text


def test_no_text_of_a_student_starts_a_formula() -> None:
    evil = entry("2023-00001", evidence(), corrected("loss", 1, "=cmd"), name="=cmd|x", file="@f")
    for row in rows(plain_csv(book(evil)))[1:]:
        assert not any(field.startswith(("=", "+", "-", "@")) for field in row)


def test_a_row_a_student() -> None:
    late = entry(
        "2023-00002", evidence(fraction=0.5), late=True, late_hours=25.0, late_percent=20.0
    )
    fixed = entry("2023-00003", evidence(fraction=0.0), corrected("loss", 7.25, "by hand"))
    table = rows(plain_csv(book(entry("2023-00001"), late, fixed)))
    header = table[0]
    missing, two, three = (dict(zip(header, row, strict=True)) for row in table[1:])
    assert (missing["status"], missing["points"], missing["loss"]) == ("missing", "", "")
    assert float(two["points"]) == pytest.approx(0.8 * late.before_lateness)
    assert (two["late"], two["late_hours"], two["loss"]) == ("yes", "25.00", "5.00")
    assert (three["loss"], three["corrected"], three["comments"]) == (
        "7.25",
        "loss",
        "loss: by hand",
    )


def test_a_fault_of_the_graders_gives_no_score() -> None:
    failed = entry("2023-00001", evidence(state=State.INFRA_ERROR, fraction=0.0))
    table = canvas_csv(book(failed))
    assert rows(table.text)[2][-1] == ""
    assert any("the grader failed: 2023-00001" in line for line in table.lines)


def rejected(label: str, *items: str) -> Entry:
    """A submission that cannot be read, some items of which a person has corrected."""
    flag = Flag("rejected", "The archive is damaged.")
    given = {name: value for item in items for name, value in corrected(item, 4.5).items()}
    return entry(label, fake.rejected(flag), given)


def test_who_has_no_score_is_named_with_the_reason() -> None:
    lines = unsettled(
        book(
            entry("2023-00001"),
            entry("2023-00002", state="waiting"),
            entry("2023-00003", state="unreadable"),
            entry("2023-00004", evidence()),
            rejected("2023-00005"),
            rejected("2023-00006", "loss"),
            entry("2023-00007", evidence(state=State.NEEDS_REVIEW, fraction=0.0)),
        )
    )
    assert lines == [
        "Without a score, because nothing in them can be read: 2023-00005. A TA must look.",
        "Without a score, because nothing could be judged: 2023-00007. A TA must look.",
        "Without a score, because nothing was handed in: 2023-00001.",
        "Without a score, because the file could not be read: 2023-00003.",
        "Without a score, because they are not graded yet: 2023-00002.",
        "1 score is provisional: a person must look first.",
    ]


def test_what_cannot_be_read_is_blank_everywhere_until_a_person_gives_points(
    tmp_path: Path,
) -> None:
    file = exported(
        tmp_path,
        f"{HEADER},Diffusion (22)",
        "Kim,77,2023-00001,kim,A,3.00",
        "Lee,78,2023-00002,lee,A,",
    )
    students = book(rejected("2023-00001"), rejected("2023-00002", "loss"))
    assert [row[5] for row in rows(canvas_csv(students, file).text)[1:]] == ["3.00", "4.50"]
    assert [row[-1] for row in rows(canvas_csv(students).text)[2:]] == ["", "4.50"]
    table = rows(plain_csv(students))
    points, loss = table[0].index("points"), table[0].index("loss")
    assert [(row[points], row[loss]) for row in table[1:]] == [("", ""), ("4.50", "4.50")]


def test_a_legal_canvas_table_of_our_own() -> None:
    table = rows(canvas_csv(book(entry("2023-00001", evidence(), user="77", name="Kim"))).text)
    assert table[0][:5] == HEADER.split(",")
    assert table[1][0].strip() == "Points Possible"
    assert table[2][:4] == ["Kim", "77", "2023-00001", "2023-00001"]
    assert len({len(row) for row in table}) == 1


def exported(folder: Path, *lines: str) -> Path:
    path = folder / "export.csv"
    path.write_text("\ufeff" + "\r\n".join(lines) + "\r\n", "utf-8", newline="")
    return path


def test_an_exported_gradebook_is_filled_in_and_else_unchanged(tmp_path: Path) -> None:
    file = exported(
        tmp_path,
        f"{HEADER},Homework (1),Diffusion (22),Final Score",
        "    Points Possible,,,,,10,100,(read only)",
        '"Kim, Minsu",77,2023-00001,kim,A,9.00,,1',
        "Lee,78,2023-00002,lee,A,8.00,50.00,2",
        "Park,79,2023-00003,park,A,7.00,EX,3",
    )
    students = (
        entry("user_77", evidence(), user="77", student_id=None),
        entry("2023-00002", evidence(fraction=0.5)),
        entry("2023-00003"),
        entry("2023-00009", evidence()),
    )
    table = canvas_csv(book(*students), file, "Diffusion")
    before, after = rows(file.read_text("utf-8-sig")), rows(table.text)
    assert [row[6] for row in after[1:]] == [
        "100",
        f"{students[0].points:.2f}",
        f"{students[1].points:.2f}",
        "EX",
    ]
    for old, new in zip(before, after, strict=True):
        assert old[:6] + old[7:] == new[:6] + new[7:]
    assert "2023-00009 is not in export.csv." in table.lines


def test_a_file_under_anothers_id_fills_in_its_senders_row_alone(tmp_path: Path) -> None:
    file = exported(
        tmp_path,
        f"{HEADER},Diffusion (22)",
        "Kim,77,2023-00001,kim,A,",
        "Lee,78,2023-00002,lee,A,",
        "Park,79,2023-00003,78,A,",
    )
    lees = entry("2023-00001", evidence(), user="78")
    table = canvas_csv(book(lees), file)
    assert [row[5] for row in rows(table.text)[1:]] == ["", f"{lees.points:.2f}", ""]
    parks = entry("2023-00003", evidence(), user="1234")  # no number of this course's
    assert rows(canvas_csv(book(parks), file).text)[3][5] == f"{parks.points:.2f}"


def test_who_is_excused_stays_so(tmp_path: Path) -> None:
    file = exported(tmp_path, f"{HEADER},Diffusion (22)", "Kim,77,2023-00001,kim,A,EX")
    table = canvas_csv(book(entry("2023-00001", evidence())), file)
    assert rows(table.text)[1][5] == "EX"
    assert "2023-00001 is excused in export.csv and stays so." in table.lines


def test_a_column_of_other_worth_is_named(tmp_path: Path) -> None:
    head, kim = f"{HEADER},Diffusion (22)", "Kim,77,2023-00001,kim,A,"
    student = entry("2023-00001", evidence())
    for worth, said in (('"10,00"', True), ("100.00", False), ("(read only)", False)):
        manual = ",,,,,Manual Posting"
        file = exported(tmp_path, head, manual, f"    Points Possible,,,,,{worth}", kim)
        lines = canvas_csv(book(student), file).lines
        assert ("Diffusion (22) is worth 10 points in Canvas, 100 here." in lines) == said


@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
def test_a_gradebook_with_semicolons_or_saved_by_excel_is_filled_in(
    tmp_path: Path, encoding: str
) -> None:
    file = tmp_path / "export.csv"
    text = f"{HEADER},Quiz (1),Diffusion (22)\n김민수,77,2023-00001,kim,A,9;5,\n"
    file.write_bytes(text.replace(",", "|").replace(";", ",").replace("|", ";").encode(encoding))
    filled = canvas_csv(book(entry("2023-00001", evidence())), file, "22").text
    assert filled.splitlines()[1] == "김민수;77;2023-00001;kim;A;9,5;100.00"


def test_a_name_that_canvas_exported_starts_no_formula(tmp_path: Path) -> None:
    file = exported(tmp_path, f"{HEADER},Diffusion (22)", "=cmd|x,77,2023-00001,kim,A,-")
    assert rows(canvas_csv(book(), file).text)[1] == [
        "'=cmd|x",
        "77",
        "2023-00001",
        "kim",
        "A",
        "-",
    ]


def test_an_id_inside_a_nameless_archive_changes_nothing_of_whose_it_is(tmp_path: Path) -> None:
    doubtful = entry("unnamed_1", evidence(fraction=0.5), student_id="2023-00001", stands=False)
    for user in (None, "77"):
        named = entry("2023-00001", evidence(), user=user)
        alone, both = canvas_csv(book(named)), canvas_csv(book(named, doubtful))
        assert both.text == alone.text
        said = "unnamed_1 is left out, for 2023-00001 stands on another submission, too."
        assert said in both.lines
        file = exported(tmp_path, f"{HEADER},Diffusion (22)", "Kim,77,2023-00001,kim,A,")
        assert canvas_csv(book(named, doubtful), file).text == canvas_csv(book(named), file).text
        assert said in canvas_csv(book(named, doubtful), file).lines


def test_two_users_under_one_id_each_keep_their_row() -> None:
    kim, lee = (
        entry(f"2023-00001_user_{n}", evidence(), student_id="2023-00001", user=n, stands=False)
        for n in "78"
    )
    own = [rows(canvas_csv(book(one)).text)[2] for one in (kim, lee)]
    assert rows(canvas_csv(book(kim, lee)).text)[2:] == own
    assert [row[1] for row in own] == ["7", "8"]


def test_work_under_anothers_id_is_told_of(tmp_path: Path) -> None:
    file = exported(tmp_path, f"{HEADER},Diffusion (22)", "Kim,77,2023-00002,kim,A,")
    table = canvas_csv(book(entry("2023-00001", evidence(), user="77")), file)
    assert float(rows(table.text)[1][5]) > 0
    assert table.lines[0] == "The column Diffusion (22) of export.csv is filled in."
    assert table.lines[1].startswith("2023-00001 was handed in by who is 2023-00002 in export.csv")


def test_the_column_must_be_clear(tmp_path: Path) -> None:
    file = exported(tmp_path, f"{HEADER},Homework (1),Diffusion (22)")
    with pytest.raises(UsageError, match="Homework \\(1\\); Diffusion \\(22\\)"):
        canvas_csv(book(), file)
    for wanted in ("22", "Diffusion", "diffusion  (22)"):
        assert rows(canvas_csv(book(), file, wanted).text) == rows(file.read_text("utf-8-sig"))
    with pytest.raises(UsageError, match=r"no assignment 'Difusion'\. There are: Homework"):
        canvas_csv(book(), file, "Difusion")
    other = tmp_path / "other.csv"
    other.write_text("a,b\n", "utf-8")
    with pytest.raises(UsageError, match="no gradebook exported from Canvas"):
        canvas_csv(book(), other)


def test_the_column_that_is_called_as_the_rubric_is_is_taken_by_itself(tmp_path: Path) -> None:
    head = f"{HEADER},Assignment 1 (1),assignment 2:  Diffusion models (22),Final Score"
    file = exported(tmp_path, head, "Kim,77,2023-00001,kim,A,9,,1")
    table = canvas_csv(book(entry("2023-00001", evidence())), file)
    assert rows(table.text)[1][5:] == ["9", "100.00", "1"]
    assert "assignment 2:  Diffusion models (22)" in table.lines[0]


@pytest.mark.parametrize("header", ["LastName,FirstName", "Last Name,First Name"])
@pytest.mark.parametrize("sis", [",SIS User ID,SIS Login ID", ",SIS User ID", ""])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_gradebook_with_split_names_is_filled_in(
    tmp_path: Path, header: str, sis: str, encoding: str, delimiter: str
) -> None:
    filler = ",2023-00001,kim"[: len(",2023-00001,kim") if "Login" in sis else len(",2023-00001")]
    lines = [
        f"{header},ID{sis},Section,Diffusion (22)",
        f"    Points Possible,,{',' * sis.count(',')},,100",
        f"=김,민수,77{filler if sis else ''},A,",
    ]
    file = tmp_path / "export.csv"
    file.write_bytes("\r\n".join(lines).replace(",", delimiter).encode(encoding))
    student = entry("2023-00001", evidence(), user="77")
    table = canvas_csv(book(student), file)
    kim = list(csv.reader(io.StringIO(table.text, newline=""), delimiter=delimiter))[2]
    assert kim[:3] == ["'=김", "민수", "77"]
    assert kim[-1] == f"{student.points:.2f}"


def test_what_canvas_may_mean_in_two_ways_is_told_by_the_gradebook(tmp_path: Path) -> None:
    file = exported(
        tmp_path,
        f"{HEADER},Diffusion (22)",
        "Kim_8,77,2023-00001,kim,A,",
        "Lee,78,2023-00002,lee,A,",
    )
    unclear = entry("2023-00009", evidence(), users=["8", "77"])
    assert [row[5] for row in rows(canvas_csv(book(unclear), file).text)[1:]] == ["100.00", ""]
    # who is surely one of them keeps the row
    sure = entry("2023-00001", evidence(fraction=0.5), user="77")
    both = canvas_csv(book(sure, unclear), file)
    assert [row[5] for row in rows(both.text)[1:]] == [f"{sure.points:.2f}", ""]
    # both are in the class: by the student id
    unclear = entry("2023-00002", evidence(), users=["78", "77"])
    assert [row[5] for row in rows(canvas_csv(book(unclear), file).text)[1:]] == ["", "100.00"]
