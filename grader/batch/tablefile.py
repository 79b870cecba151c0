"""Tables as Canvas, offices and spreadsheets save them."""

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

from grader.batch.spreadsheet import is_workbook
from grader.errors import UsageError

_DELIMITERS = (",", ";", "\t")
MOST_BYTES = 50 * 2**20


@dataclass(frozen=True)
class Table:
    """Rows of fields, and what stood between these."""

    rows: list[list[str]]
    delimiter: str


def read_table(path: Path, what: str) -> Table:
    """The table, parted by what makes the most fields of it.

    Raises ``UsageError``, which calls the file ``what``, if it is none.
    """
    try:
        data = path.read_bytes() if path.stat().st_size <= MOST_BYTES else b""
        if not data and path.stat().st_size:
            raise UsageError(f"The {what} {path} is too large to be a table.")
        if is_workbook(data):
            raise UsageError(f"The {what} {path} cannot be read as CSV: it is an Excel workbook.")
        text = decoded(data)
        delimiter = max(_DELIMITERS, key=lambda found: sum(map(len, _rows(text, found, False))))
        return Table(_rows(text, delimiter, True), delimiter)
    except UnicodeDecodeError:
        reason = "it is no text in UTF-8, UTF-16 or Korean (cp949)"
    except OSError as error:
        reason = error.strerror or str(error)
    except csv.Error as error:
        reason = str(error)
    raise UsageError(f"The {what} {path} cannot be read as CSV: {reason}.")


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
