"""How Canvas names the files of ``submissions.zip``: ``Downloaded.build``, and back: ``readings``.

``{name}[_LATE]_{user id}_{attachment id}_{file name}``, and for anonymous grading
``[LATE_]anon_{anonymous id}_{attachment id}_{file name}``. A text that was typed into Canvas comes
as ``…_{user id}_text.html``, a link as ``…_{user id}_link.html``, both without an attachment id.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
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
