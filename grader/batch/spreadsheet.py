"""The rows of an Excel workbook as text; nothing in it is computed, and its size is bounded."""

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from grader.errors import UsageError

MOST_BYTES = 100 * 2**20  # of the whole workbook, unpacked
MOST_ROWS, MOST_COLUMNS = 20_000, 200
_OLD = b"\xd0\xcf\x11\xe0"  # .xls, and workbooks that a password protects
_ZIP = b"PK\x03\x04"


class _TooLarge(Exception):
    """More than a class list has."""


def is_workbook(head: bytes) -> bool:
    """Whether a file that begins so is meant to be an Excel workbook."""
    return head.startswith((_OLD, _ZIP))


def read_sheets(path: Path, what: str) -> list[list[list[str]]]:
    """The rows of each sheet. Dates are in ISO's form, whole numbers without a point.

    Raises ``UsageError``, which calls the file ``what``, if it cannot be read.
    """
    with path.open("rb") as file:
        if file.read(4) == _OLD:
            raise UsageError(
                f"The {what} {path} is an old .xls workbook or protected by a password: "
                "save it as .xlsx without one, or as CSV."
            )
    import openpyxl

    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MOST_BYTES:
                raise _TooLarge("it is too large")
        # of styles and validations, which nobody asks for, it warns; of a name it wants an ending
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            return [list(_rows(sheet)) for sheet in book.worksheets]
    except Exception as error:  # of a damaged workbook openpyxl raises all kinds
        reason = str(error) if type(error) is _TooLarge else "it is damaged or of another kind"
        raise UsageError(
            f"The {what} {path} cannot be read as an Excel workbook ({reason}): save it as CSV."
        ) from None


def _rows(sheet: Any) -> Iterator[list[str]]:
    sheet.reset_dimensions()  # what the file says of its size may be wrong
    for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), 1):
        if number > MOST_ROWS:
            raise _TooLarge(f"it has more than {MOST_ROWS} rows")
        yield _without_end([_text(cell) for cell in row])


def _without_end(fields: Sequence[str]) -> list[str]:
    """Without the empty fields at the end."""
    used = max((n for n, field in enumerate(fields, 1) if field), default=0)
    return list(fields[:used])


def _text(cell: Any) -> str:
    value = cell.value
    if isinstance(value, datetime):
        # a date alone is midnight to Excel; the cell's format tells whether a time is meant
        if value.time() == time() and "h" not in str(cell.number_format).lower():
            return value.date().isoformat()
        return (value + timedelta(seconds=0.5)).replace(microsecond=0).isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
