"""CSV for people and for Canvas."""

import csv
import io
from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.report.tables import canvas_csv, defused, plain_csv, unsettled
from grader.results import State
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


def test_who_has_no_score_is_named_with_the_reason() -> None:
    corrected_by_hand = entry("2023-00005", evidence(fraction=0.5))
    corrected_by_hand.result["status"] = "rejected"  # type: ignore[index]
    lines = unsettled(
        book(
            entry("2023-00001"),
            entry("2023-00002", state="waiting"),
            entry("2023-00003", state="unreadable"),
            entry("2023-00004", evidence()),
            corrected_by_hand,
        )
    )
    assert lines == [
        "Without a score, for nothing was handed in: 2023-00001.",
        "Without a score, for the file could not be read: 2023-00003.",
        "Without a score, for they are not graded yet: 2023-00002.",
    ]


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


def test_no_two_rows_of_ours_are_one_students(tmp_path: Path) -> None:
    doubtful = entry("unnamed_1", evidence(fraction=0.5), student_id="2023-00001")
    table = canvas_csv(book(entry("2023-00001", evidence(), user="77"), doubtful))
    assert [row[1] for row in rows(table.text)[2:]] == ["77"]
    said = "unnamed_1 is left out, for 2023-00001 stands on another submission, too."
    assert said in table.lines
    twice = entry("2023-00001", evidence())
    file = exported(tmp_path, f"{HEADER},Diffusion (22)", "Kim,77,2023-00001,kim,A,")
    both = canvas_csv(book(twice, doubtful), file)
    assert rows(both.text)[1][5] == ""
    assert said in both.lines


def test_an_id_that_two_carry_stands_in_no_row_of_ours() -> None:
    both = [
        entry(f"2023-00001_user_{n}", evidence(), student_id="2023-00001", user=n) for n in "78"
    ]
    table = rows(canvas_csv(book(*both)).text)[2:]
    assert [row[1:4] for row in table] == [["7", "", ""], ["8", "", ""]]


def test_work_under_anothers_id_is_told_of(tmp_path: Path) -> None:
    file = exported(tmp_path, f"{HEADER},Diffusion (22)", "Kim,77,2023-00002,kim,A,")
    table = canvas_csv(book(entry("2023-00001", evidence(), user="77")), file)
    assert float(rows(table.text)[1][5]) > 0
    assert table.lines[0].startswith("2023-00001 was handed in by who is 2023-00002 in export.csv")


def test_the_column_must_be_clear(tmp_path: Path) -> None:
    file = exported(tmp_path, f"{HEADER},Homework (1),Diffusion (22)")
    with pytest.raises(UsageError, match="Homework \\(1\\); Diffusion \\(22\\)"):
        canvas_csv(book(), file)
    assert rows(canvas_csv(book(), file, "22").text) == rows(file.read_text("utf-8-sig"))
    other = tmp_path / "other.csv"
    other.write_text("a,b\n", "utf-8")
    with pytest.raises(UsageError, match="no gradebook exported from Canvas"):
        canvas_csv(book(), other)
