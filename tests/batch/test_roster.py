"""Class lists as offices and Canvas write them."""

import csv
import io
import json
from pathlib import Path

import pytest

from grader.batch.roster import read_roster, roster_from, roster_json
from grader.errors import UsageError
from grader.lateness import parse_moment


def roster(folder: Path, text: str) -> Path:
    path = folder / "roster.csv"
    path.write_text(text, "utf-8")
    return path


def test_the_column_of_ids_may_be_called_anything(tmp_path: Path) -> None:
    found = read_roster(
        roster(tmp_path, "\ufeff번호,학번,이름\n1,2023-00001,김민수\n2,2023-00002,이영희\n")
    )
    assert {s.id: s.name for s in found.values()} == {
        "2023-00001": "김민수",
        "2023-00002": "이영희",
    }


def test_a_canvas_gradebook_will_do(tmp_path: Path) -> None:
    text = 'Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n"Kim, Minsu",7,2023-00001,kim,1\n'
    found = read_roster(roster(tmp_path, text))
    assert found["2023-00001"].name == "Kim, Minsu"
    assert found["2023-00001"].section == "1"


@pytest.mark.parametrize("title", ["section", "분반", "Section "])
def test_a_section_is_read_and_remembered(tmp_path: Path, title: str) -> None:
    found = read_roster(roster(tmp_path, f"학번,이름,{title}\n2023-00001,김민수, 2  반 \n"))
    assert found["2023-00001"].section == "2 반"
    assert roster_from(roster_json(found)) == found
    (old,) = roster_json(found)
    del old["section"]  # as an earlier version kept it
    assert roster_from([old])["2023-00001"].section == ""


CANVAS = [
    "Student,ID,SIS User ID,SIS Login ID,Section,Diffusion (22),Final Score",
    ",,,,,Manual Posting,",
    "    Points Possible,,,,,100,(read only)",
    '"Kim, Minsu",71,2023-00001,kim01,A,,1',
    '"Lee, Younghee",72,2023-00002,lee02,A,55.00,2',
    '"Student, Test",73,,f00,A,,',
]
SPLIT = [
    "LastName,FirstName,ID,SIS User ID,SIS Login ID,Section,Diffusion (22)",
    "    Points Possible,,,,,,100",
    "김,민수,71,2023-00001,kim01,A,",
    "이,영희,72,2023-00002,lee02,A,",
]


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("rows", [CANVAS, SPLIT], ids=["names", "split"])
@pytest.mark.parametrize("sis", ["both", "user", "login"])
def test_canvas_gradebook_tells_canvas_numbers(
    tmp_path: Path, delimiter: str, encoding: str, rows: list[str], sis: str
) -> None:
    table = list(csv.reader(rows))
    if sis == "user":
        column = table[0].index("SIS Login ID")
        table = [row[:column] + row[column + 1 :] for row in table]
    if sis == "login":  # where the university's number is the login
        column = table[0].index("SIS Login ID")
        table = [[*row[:column], *row[column + 1 :]] for row in table]
        table[0][column - 1] = "SIS Login ID"
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(table)
    path = tmp_path / "gradebook.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    found = read_roster(path)
    assert {s.id: s.user for s in found.values()} == {"2023-00001": "71", "2023-00002": "72"}
    names = [student.name for student in found.values()]
    assert names == (
        ["Kim, Minsu", "Lee, Younghee"] if rows is CANVAS else ["김, 민수", "이, 영희"]
    )


def test_canvas_own_numbers_are_no_student_ids(tmp_path: Path) -> None:
    text = "Student,ID,SIS User ID\nKim,201912345,202300001\nLee,201912346,202300002\n"
    found = read_roster(roster(tmp_path, text))
    assert {s.id: s.user for s in found.values()} == {
        "2023-00001": "201912345",
        "2023-00002": "201912346",
    }


def test_a_list_of_the_office_has_no_canvas_numbers(tmp_path: Path) -> None:
    for text in ("id,name,student no\n7,Kim,2023-00001\n", "Student,ID\nKim,2023-00001\n"):
        assert read_roster(roster(tmp_path, text))["2023-00001"].user is None


def test_two_students_with_one_canvas_number_are_refused(tmp_path: Path) -> None:
    text = "Student,ID,SIS User ID\nKim,7,2023-00001\nLee,7,2023-00002\n"
    with pytest.raises(UsageError, match="holds Canvas's number 7 twice"):
        read_roster(roster(tmp_path, text))


def test_a_roster_comes_back_as_it_was_remembered(tmp_path: Path) -> None:
    text = "Student,ID,SIS User ID,submitted\nKim,7,2023-00001,2026-05-02 00:10\nLee,,2023-00002,\n"
    found = read_roster(roster(tmp_path, text))
    assert roster_from(json.loads(json.dumps(roster_json(found)))) == found


def test_times_of_submission(tmp_path: Path) -> None:
    found = read_roster(
        roster(tmp_path, "id,submitted\n2023-00001,2026-05-02 00:10\n2023-00002,\n")
    )
    assert found["2023-00001"].submitted == parse_moment("2026-05-02T00:10")
    assert found["2023-00002"].submitted is None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_whatever_saved_it(tmp_path: Path, encoding: str, delimiter: str, end: str) -> None:
    rows = [
        "제출 시각|이름|학번",
        '2026-05-02 00:10|"김, 민수"|2023-00001',
        '|"이; 영희"|2023-00002',
    ]
    path = tmp_path / "roster.csv"
    path.write_bytes("".join(row + end for row in rows).replace("|", delimiter).encode(encoding))
    found = read_roster(path)
    assert [student.name for student in found.values()] == ["김, 민수", "이; 영희"]
    assert found["2023-00001"].submitted == parse_moment("2026-05-02T00:10")


@pytest.mark.parametrize("heading", ["Deep Learning, 2026\n", "\n", "sep=,\n"])
def test_a_heading_above_the_titles_hides_no_column(tmp_path: Path, heading: str) -> None:
    text = "id,name,submitted\n2023-00001,Kim,2026-05-02 00:10\n"
    (found,) = read_roster(roster(tmp_path, heading + text)).values()
    assert found.name == "Kim"
    assert found.submitted == parse_moment("2026-05-02T00:10")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\nKim\n", "holds no student id"),
        ("id\n2023-00001\n2023-00001\n", "holds 2023-00001 twice"),
        ("id\n2023-00001\n20230-0002\n", "'20230-0002' is not like"),
        ("id\n2023-00001\n302300002\n", "'302300002' is not like"),
        ("id\n2023-00001\n202300001\n", "holds 2023-00001 twice"),
        ("id,submitted\n2023-00001,yesterday\n", "2023-00001: 'yesterday' is no date and time"),
        ("id,submitted\n2023-00001,2026-05-01\n", "no date and time"),
        ('id,name\n2023-00001,"Kim\n', "cannot be read as CSV"),
        ("", "holds no student id"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_roster(roster(tmp_path, text))
