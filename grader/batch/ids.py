"""Student ids such as 2023-12345 in names and tables."""

import re
import unicodedata

_ID = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{5}(?![0-9])")
# the same without its dash, or with something else in its place: 202312345, 2023_12345, 2023–12345
_OTHERWISE = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})[\W_]{0,3}([0-9]{5})(?![0-9])")


def ids_in(text: str) -> tuple[str, ...]:
    """All student ids, each once, in order."""
    return tuple(dict.fromkeys(_ID.findall(text)))


def written_otherwise(text: str) -> str | None:
    """The only student id that is written in another way; None if there is none, or several."""
    found = {
        f"{year}-{rest}" for year, rest in _OTHERWISE.findall(unicodedata.normalize("NFKC", text))
    }
    return found.pop() if len(found) == 1 else None


def id_of_field(text: str) -> str | None:
    """The student id that a table's field is, written in any way; None if it is none."""
    whole = unicodedata.normalize("NFKC", text).strip().removesuffix(".0")  # a spreadsheet's number
    if _ID.fullmatch(whole):
        return whole
    match = _OTHERWISE.fullmatch(whole)
    return f"{match[1]}-{match[2]}" if match else None
