"""Tables as Canvas, offices and spreadsheets save them."""

import codecs
import csv
import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from grader.batch.spreadsheet import is_workbook
from grader.errors import UsageError

FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # what a spreadsheet takes for the start of one
_BLANK = " \u00a0\u3000"
_DELIMITERS = (",", ";", "\t")
MOST_BYTES = 50 * 2**20


def defused(text: str) -> str:
    """With an apostrophe in front where a spreadsheet might take the field for a formula."""
    return f"'{text}" if text.lstrip(_BLANK).startswith(FORMULA) else text


def quoted(text: str) -> str:
    """The same, so that ``unquoted`` gives the text back."""
    return f"'{text}" if text.lstrip(_BLANK).startswith((*FORMULA, "'")) else text


def unquoted(text: str) -> str:
    """A field as it was before ``quoted`` or ``defused``."""
    inside = text[1:].lstrip(_BLANK).startswith((*FORMULA, "'"))
    return text[1:] if text.startswith("'") and inside else text


@dataclass(frozen=True)
class Table:
    """Rows of fields, and what stood between these."""

    rows: list[list[str]]
    delimiter: str


def read_table(path: Path, what: str, columns: Collection[str] = ()) -> Table:
    """The table, parted by what makes the most fields of it; where names of ``columns`` are known,
    by what makes the most of these of its first row: longer texts may hold any of the signs.

    Raises ``UsageError``, which calls the file ``what``, if it is none.
    """
    try:
        data = path.read_bytes() if path.stat().st_size <= MOST_BYTES else b""
        if not data and path.stat().st_size:
            raise UsageError(f"The {what} {path} is too large to be a table.")
        if is_workbook(data):
            raise UsageError(f"The {what} {path} cannot be read as CSV: it is an Excel workbook.")
        text = decoded(data)
        delimiter = max(_DELIMITERS, key=lambda found: _fields(text, found, columns))
        return Table(_rows(text, delimiter, True), delimiter)
    except UnicodeDecodeError:
        reason = "it is no text in UTF-8, UTF-16 or Korean (cp949)"
    except OSError as error:
        reason = error.strerror or str(error)
    except csv.Error as error:
        reason = str(error)
    raise UsageError(f"The {what} {path} cannot be read as CSV: {reason}.")


def _fields(text: str, delimiter: str, columns: Collection[str]) -> int:
    """How many fields it makes; of known columns, how many of these."""
    if not columns:
        return sum(map(len, _rows(text, delimiter, False)))
    first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    return len({name.strip().casefold() for name in first}.intersection(columns))


def decoded(data: bytes) -> str:
    """UTF-8, UTF-16 with its mark, or what Excel in Korea writes. Raises ``UnicodeDecodeError``."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp949")


def _rows(text: str, delimiter: str, strict: bool) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict))
