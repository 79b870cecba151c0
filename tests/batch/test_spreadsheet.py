"""Class lists as Excel workbooks."""

import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from grader.batch import spreadsheet as module
from grader.batch.roster import read_roster
from grader.errors import UsageError
from grader.lateness import parse_moment

WHEN = datetime(2026, 5, 1, 23, 40)


def workbook(folder: Path, *rows: list[Any], sheet: str = "Sheet", before: int = 0) -> Path:
    path = folder / "roster.xlsx"
    book = openpyxl.Workbook()
    for number in range(before):
        book.create_sheet(f"Notes {number}", 0).append(["Nothing", "of interest"])
    page = book["Sheet"]
    page.title = sheet
    for row in rows:
        page.append(row)
    book.save(path)
    return path


def test_ids_names_and_times(tmp_path: Path) -> None:
    path = workbook(
        tmp_path,
        ["학번", "이름", "제출 시각"],
        ["2023-00001", "김민수", WHEN],
        ["2023-00002", " 이 영희 ", "2026-05-02 9:05"],
        ["2023-00003", None, None],
    )
    found = read_roster(path)
    assert [(s.id, s.name, s.submitted) for s in found.values()] == [
        ("2023-00001", "김민수", parse_moment("2026-05-01T23:40")),
        ("2023-00002", "이 영희", parse_moment("2026-05-02T09:05")),
        ("2023-00003", "", None),
    ]


@pytest.mark.parametrize(
    "written", ["2023-00001", 202300001, 202300001.0, "202300001", " 2023 00001"]
)
def test_an_id_is_text_or_a_number(tmp_path: Path, written: Any) -> None:
    path = workbook(tmp_path, ["no", "id", "name"], [1, written, "Kim"], [2, "2023-00002", "Lee"])
    assert list(read_roster(path)) == ["2023-00001", "2023-00002"]


@pytest.mark.parametrize("above", [0, 1, 3, 12])
@pytest.mark.parametrize("left", [0, 2])
def test_headings_above_and_empty_columns_hide_nothing(
    tmp_path: Path, above: int, left: int
) -> None:
    empty: list[Any] = [None] * left
    path = workbook(
        tmp_path,
        *[[*empty, f"Deep Learning, class list, part {n}"] for n in range(above)],
        [*empty, "Name", "ID", "Submitted"],
        [*empty, "Kim", "2023-00001", WHEN],
    )
    (found,) = read_roster(path).values()
    assert (found.name, found.submitted) == ("Kim", parse_moment("2026-05-01T23:40"))


def test_the_sheet_with_the_ids_is_read(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["id"], ["2023-00001"], ["2023-00002"], before=2)
    assert len(read_roster(path)) == 2


def test_only_the_value_of_a_formula_counts_and_nothing_is_computed(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["id", "name"], ["2023-00001", '=HYPERLINK("http://x")'])
    assert read_roster(path)["2023-00001"].name == ""


def test_seconds_that_excel_keeps_a_little_short_are_whole(tmp_path: Path) -> None:
    path = workbook(
        tmp_path, ["id", "submitted"], ["2023-00001", datetime(2026, 5, 1, 23, 58, 59, 999990)]
    )
    assert read_roster(path)["2023-00001"].submitted == parse_moment("2026-05-01T23:59:00")


def test_a_day_without_a_time_is_refused_as_in_csv(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["id", "submitted"], ["2023-00001", date(2026, 5, 1)])
    with pytest.raises(UsageError, match="'2026-05-01' is no date and time"):
        read_roster(path)


@pytest.mark.parametrize("name", ["roster.xlsx", "roster.csv", "roster"])
def test_it_is_known_by_what_it_holds(tmp_path: Path, name: str) -> None:
    path = workbook(tmp_path, ["id"], ["2023-00001"])
    assert list(read_roster(path.rename(tmp_path / name))) == ["2023-00001"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(2000), "an old .xls workbook or protected by a password"),
        (b"PK\x03\x04" + bytes(2000), "damaged or of another kind.*save it as CSV"),
        (b"", "holds no student id|damaged"),
        (b"id\n2023-00001\n", "damaged or of another kind"),
    ],
)
def test_what_is_no_workbook_is_one_clear_sentence(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "roster.xlsx"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message) as error:
        read_roster(path)
    assert "\n" not in str(error.value)


def test_another_zip_is_none(tmp_path: Path) -> None:
    path = tmp_path / "roster.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    with pytest.raises(UsageError, match="cannot be read as an Excel workbook"):
        read_roster(path)


def test_its_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path, ["id"], *[[f"2023-{n:05}"] for n in range(100)])
    assert len(read_roster(path)) == 100
    monkeypatch.setattr(module, "MOST_ROWS", 50)
    with pytest.raises(UsageError, match="it has more than 50 rows"):
        read_roster(path)
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(module.MOST_BYTES + 1))
    with pytest.raises(UsageError, match="it is too large"):
        read_roster(bomb)


def test_a_size_that_the_file_claims_is_not_believed(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["id"], ["2023-00001"])
    other = tmp_path / "other.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(b'<dimension ref="A1:A2"', b'<dimension ref="A1:A1"')
            new.writestr(name, content.replace(b'ref="A1:A2"', b'ref="A1:XFD1048576"'))
    assert list(read_roster(other)) == ["2023-00001"]
