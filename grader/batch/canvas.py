"""How Canvas names the files of ``submissions.zip``: ``Downloaded.build``, and back: ``readings``.

``{name}[_LATE]_{user id}_{attachment id}_{file name}``, and for anonymous grading
``[LATE_]anon_{anonymous id}_{attachment id}_{file name}``. A text that was typed into Canvas comes
as ``…_{user id}_text.html``, a link as ``…_{user id}_link.html``, both without an attachment id.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["file", "text", "link"]

MOST_NAME = 300  # letters of a person's name, of which Canvas keeps 255
_PART = re.compile(r"_([0-9]+)_")
_FORBIDDEN = re.compile(r'[\x00/\\:*?"<>|]+')
_ATTACHED = re.compile(
    r"(?P<late>_LATE)?_(?P<user>[0-9]{1,20})_(?P<attachment>[0-9]{1,20})_(?P<file>.+)", re.DOTALL
)
_UNIQUE = r"(?:[-_. ]?\(?[0-9]{1,3}\)?)?"  # the number that keeps equal names apart
_TYPED = re.compile(rf"(?P<late>_LATE)?_(?P<user>[0-9]{{1,20}})_(?P<kind>text|link){_UNIQUE}\.html")
_TYPED_END = re.compile(rf"_(?:text|link){_UNIQUE}\.html$")
_ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?anon_(?P<user>[A-Za-z0-9]+)_(?P<attachment>[0-9]{1,20})_(?P<file>.+)",
    re.DOTALL,
)
_ANONYMOUS_TYPED = re.compile(
    rf"(?P<late>LATE_)?anon_(?P<user>[A-Za-z0-9]+)_(?P<kind>text|link){_UNIQUE}\.html"
)


@dataclass(frozen=True)
class Downloaded:
    """What such a name tells. ``name`` is the student's as Canvas writes it there, empty if
    ``anonymous``; ``user`` is Canvas's number of the student, or the anonymous id. A text or a link
    has neither ``attachment`` nor ``file``."""

    name: str
    user: str
    attachment: int = 0
    file: str = ""
    late: bool = False
    anonymous: bool = False
    kind: Kind = "file"

    def build(self) -> str:
        """The file's name in ``submissions.zip``."""
        what = f"{self.attachment}_{self.file}" if self.kind == "file" else f"{self.kind}.html"
        if self.anonymous:
            return f"{'LATE_' if self.late else ''}anon_{self.user}_{what}"
        return f"{self.name}{'_LATE' if self.late else ''}_{self.user}_{what}"


def recipient(name: str) -> tuple[str, int] | None:
    """Whom Canvas gives a file of that name under "upload submissions", and on which attachment it
    comments; None for a name that it passes over without a word.

    Canvas parts the name at its underscores. If it begins with ``anon``, after a ``LATE`` or not,
    the next part is the anonymous id and the one after it the attachment; the id is returned as
    ``anon_…``. Else the first two parts that are numbers are the user and the attachment. Texts and
    links have no attachment, and files that begin with ``._`` are another system's.
    """
    if name.startswith("._") or _TYPED_END.search(name):
        return None
    parts = name.split("_")
    if parts[0] == "LATE":
        parts = parts[1:]
    if len(parts) > 3 and parts[0] == "anon" and parts[1] != "LATE" and _is_number(parts[2]):
        return f"anon_{parts[1]}", int(parts[2])
    numbers = [part for part in parts[:-1] if _is_number(part)]
    return (numbers[0], int(numbers[1])) if len(numbers) > 1 else None


def to_give_back(name: str, user: str) -> str | None:
    """The name under which Canvas attaches a file for this user to what came as ``name``: the same,
    or, where Canvas would take numbers of the person's own name for the user's, without the
    underscores round these. None where that cannot be.

    ``user`` is Canvas's number, or ``anon_`` and the anonymous id.
    """
    if not _is_plain(name):
        return None
    for one in readings(name):
        if one.kind == "file" and user == (f"anon_{one.user}" if one.anonymous else one.user):
            bare = replace(one, name=one.name.replace("_", ""))
            for made in (name, bare.build()):
                if recipient(made) == (user, one.attachment):
                    return made
    return None


def _is_plain(name: str) -> bool:
    """Whether a name can stand in a zip as it is: no path, no control character, no half of one."""
    odd = any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name)
    return not odd and name == cleaned(name) and not name.startswith(".")


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdigit()


def shortened(sortable_name: str) -> str:
    """A person's name as Canvas writes it there: ``Kim, Min-su`` is ``kimminsu``.

    A number between two underscores loses these, so that it is not taken for Canvas's own.
    """
    text = _PART.sub(r"\1", sortable_name)
    return "".join(filter(_is_word, text)).lower()


def cleaned(file_name: str) -> str:
    """The name of a student's file as Canvas writes it there."""
    return _FORBIDDEN.sub("_", file_name)


def readings(name: str) -> list[Downloaded]:
    """All that a file's name can mean by Canvas's rule; none if Canvas did not make it.

    Several where the rule does not tell: in ``kim_1_2_3_a.tar.gz`` the number 1 may be Kim's, or
    the end of the name ``kim_1``. ``anon_1_2_a.tar.gz`` may be anonymous, or a user's called anon.
    """
    found = [*_anonymous(name), *_named(name)]
    clear = [one for one in found if not _PART.search(one.name)]
    return clear or found[:1]  # a name such as a__1__b keeps underscores round its number


def _anonymous(name: str) -> Iterator[Downloaded]:
    if match := _ANONYMOUS_TYPED.fullmatch(name):
        yield _typed("", match, True)
    if match := _ANONYMOUS.fullmatch(name):
        yield _attached("", match, True)


def _named(name: str) -> Iterator[Downloaded]:
    """The shortest name of a student first."""
    for start, character in enumerate(name[:MOST_NAME]):
        if match := _TYPED.fullmatch(name, start):
            yield _typed(name[:start], match, False)
        if match := _ATTACHED.fullmatch(name, start):
            yield _attached(name[:start], match, False)
        if not _is_word(character) or character != character.lower():
            return


def _typed(student: str, match: re.Match[str], anonymous: bool) -> Downloaded:
    kind: Kind = "text" if match["kind"] == "text" else "link"
    return Downloaded(student, match["user"], 0, "", bool(match["late"]), anonymous, kind)


def _attached(student: str, match: re.Match[str], anonymous: bool) -> Downloaded:
    attachment, file = int(match["attachment"]), match["file"]
    return Downloaded(student, match["user"], attachment, file, bool(match["late"]), anonymous)


def _is_word(character: str) -> bool:
    """As Ruby's ``[[:word:]]``: letters, marks, decimal digits and connectors of any script."""
    kind = unicodedata.category(character)
    return kind[0] in "LM" or kind in ("Nd", "Pc")
