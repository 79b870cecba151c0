"""Finds what was handed in: archives, folders of them, Canvas's ``submissions.zip``.

A zip is read member by member and never unpacked whole.
"""

import os
import re
import stat
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from grader.batch.canvas import Downloaded, Kind, readings
from grader.batch.ids import ids_in, written_otherwise
from grader.batch.places import Place
from grader.errors import UsageError
from grader.intake.paths import printable

# browsers number a second download in front of the last ending: 2023-12345.tar (1).gz, .tar-1.gz
_NUMBER = r"(?:-| ?\(| )([0-9]{1,3})\)?"
_TAR = rf"\.(?:tar(?:{_NUMBER})?\.(?:gz|bz2|xz|zst|Z)|tgz|tbz2?|txz|tar)"
_TARBALL = re.compile(rf"{_TAR}$", re.IGNORECASE)
_ARCHIVE = re.compile(rf"(?:{_TAR}|\.(?:zip|7z|rar|alz|egg))$", re.IGNORECASE)
_AGAIN = re.compile(rf"[0-9]{{4}}-[0-9]{{5}}(?:\.tar)?{_NUMBER}\.", re.IGNORECASE)
_RESULTS = re.compile(r"results?(?![a-z])|결과", re.IGNORECASE)
_NOTEBOOK = re.compile(r"\.ipynb(?:\.txt|\.json)?$", re.IGNORECASE)
_SKIPPED = {"__MACOSX"}
_UTF8 = 0x800  # a zip's flag that its names are in UTF-8
MOST_DIRECTORY = 8 << 20  # bytes; those of a thousand students have a fortieth of it
_SIZE_OF_DIRECTORY = 5  # its place in what ends a zip


@dataclass(frozen=True)
class Attempt:
    """One file that somebody handed in. ``file`` is its name without what Canvas put in front.

    ``student_id`` is the one that stands in it, None if several do. ``user`` is Canvas's number of
    the student, ``attachment`` that of the file; ``readings`` are all that Canvas's name can mean,
    and with several of them ``user`` is not known. ``again`` is the number that a further attempt
    carries in its name. ``modified`` is known of plain files only. A text or link that was typed
    into Canvas is of that ``kind``.
    """

    place: Place
    file: str
    student_id: str | None
    user: str | None = None
    name: str | None = None
    attachment: int = 0
    again: int = 0
    late: bool = False
    modified: datetime | None = None
    kind: Kind = "file"
    readings: Sequence[Downloaded] = ()

    @property
    def is_archive(self) -> bool:
        return self.kind == "file" and bool(_ARCHIVE.search(self.file))

    @property
    def is_tarball(self) -> bool:
        """As ``CollectSubmission.sh`` makes it, or nearly so."""
        return self.is_archive and bool(_TARBALL.search(self.file))

    @property
    def is_results(self) -> bool:
        """Whether an archive's name says that only the result folders are in it."""
        return self.is_archive and bool(_RESULTS.search(self.file))

    @property
    def is_notebook(self) -> bool:
        return self.kind == "file" and bool(_NOTEBOOK.search(self.file))

    @property
    def ids(self) -> tuple[str, ...]:
        """All student ids in the file's name."""
        return ids_in(self.file)

    @property
    def hint(self) -> str | None:
        """A student id that stands in the name in another way, such as 202312345."""
        return None if self.ids else written_otherwise(self.file)

    def read_as(self, reading: Downloaded) -> "Attempt":
        """The same, where it is known by now what Canvas's name means."""
        return _read_as(self.place, reading, (reading,))


@dataclass(frozen=True)
class Gathered:
    """``lines`` say what was passed over, and why."""

    attempts: Sequence[Attempt]
    lines: Sequence[str]


def gather(paths: Sequence[Path]) -> Gathered:
    """All attempts below ``paths``, in a fixed order. Raises ``UsageError`` for a missing path."""
    attempts: dict[tuple[str, str | None], Attempt] = {}
    lines: list[str] = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"There is nothing at {path}.")
        for attempt in _below(path, lines):
            place = attempt.place
            attempts.setdefault((os.path.realpath(place.path), place.member), attempt)
    return Gathered([attempts[key] for key in sorted(attempts, key=str)], lines)


def _below(path: Path, lines: list[str]) -> Iterator[Attempt]:
    if path.is_dir():
        yield from _folder(path, lines)
    elif _waits_for_ever(path):
        lines.append(f"{printable(path.name)} is no plain file.")
    elif path.suffix.lower() == ".zip" and not _is_one_submission(path):
        yield from _zip(path, lines)
    else:
        yield plain_file(path)


def _waits_for_ever(path: Path) -> bool:
    """Whether to open it may never end, as with a pipe or a terminal; no broken link does."""
    return path.exists() and not path.is_file()


def _folder(folder: Path, lines: list[str]) -> Iterator[Attempt]:
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise UsageError(f"The folder {folder} cannot be read: {error.strerror}.") from None
    for path in found:
        shown = printable(path.name)
        if path.name.startswith(".") or path.name in _SKIPPED:
            continue
        if path.is_dir():
            lines.append(f"{shown} is a folder; only files are graded.")
        elif _waits_for_ever(path):
            lines.append(f"{shown} is no plain file.")
        elif path.suffix.lower() == ".zip" and holds_submissions(path):
            lines.append(f"{shown} holds submissions of its own; give the zip itself to batch.")
        else:
            yield from _if_handed_in(plain_file(path), shown, lines)


def _if_handed_in(attempt: Attempt, shown: str, lines: list[str]) -> Iterator[Attempt]:
    """It, unless nothing in its name says that a student handed it in."""
    if attempt.is_archive or attempt.ids or attempt.hint or attempt.readings:
        yield attempt
    else:
        lines.append(f"{shown} is no archive and names no student.")


def plain_file(path: Path) -> Attempt:
    """A file that was handed in, under the name that Canvas gave it or its own."""
    try:
        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        modified = None
    return _named(Place(path), path.name, modified)


def holds_submissions(path: Path) -> bool:
    """Whether a zip is Canvas's, or one of students' archives; False if it cannot be read."""
    try:
        names = [name for _, name in _plain_members(path, [])]
    except UsageError:
        return False
    if any(map(readings, names)):
        return True
    archives = [name for name in names if _ARCHIVE.search(name)]
    named = any(ids_in(name) or written_otherwise(name) for name in archives)
    whole = any(_TARBALL.search(name) for name in archives)
    return (named or whole) and not any(map(_NOTEBOOK.search, names))


def _is_one_submission(path: Path) -> bool:
    """Whether a zip is what one student handed in: it says so, or holds a notebook."""
    if holds_submissions(path):
        return False
    if ids_in(path.name) or written_otherwise(path.name):
        return True
    return any(_NOTEBOOK.search(name) for _, name in _plain_members(path, []))


def _zip(path: Path, lines: list[str]) -> Iterator[Attempt]:
    found = _plain_members(path, lines)
    if not found:
        raise UsageError(f"{path} holds no submission.")
    for member, name in found:
        shown = f"{printable(member)} in {printable(path.name)}"
        yield from _if_handed_in(_named(Place(path, member), name, None), shown, lines)


def _plain_members(path: Path, lines: list[str]) -> list[tuple[str, str]]:
    """Members of a zip that are files, each with its name for people; without hidden ones.

    Raises ``UsageError`` if it is no zip.
    """
    try:
        if directory_bytes(path) > MOST_DIRECTORY:
            raise UsageError(f"{path} holds more files than any class hands in.")
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        # NotImplementedError is zipfile's, for a method of packing that it does not know
        raise UsageError(f"{path} cannot be read as a zip: {error}") from None
    found: dict[str, str] = {}
    for member in members:
        name = PurePosixPath(_readable(member)).name
        hidden = name.startswith(".") or _SKIPPED & set(PurePosixPath(member.filename).parts)
        if member.is_dir() or hidden:
            continue
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            lines.append(
                f"{printable(member.filename)} in {printable(path.name)} is no plain file."
            )
        elif member.filename in found:
            lines.append(f"{printable(member.filename)} stands twice in {printable(path.name)}.")
        else:
            found[member.filename] = name
    return list(found.items())


def directory_bytes(path: Path) -> int:
    """The size of a zip's directory, which is read as a whole: a student's may be made to fill the
    memory. 0 for what is no zip. Raises ``OSError``."""
    with path.open("rb") as file:
        # not public, but what ZipFile itself goes by: another reader could be told another size
        found = zipfile._EndRecData(file)  # type: ignore[attr-defined]
    return int(found[_SIZE_OF_DIRECTORY]) if found else 0


def _readable(member: zipfile.ZipInfo) -> str:
    """Its name; where it does not say in which encoding, as people in Korea pack it."""
    if not member.flag_bits & _UTF8 and not member.filename.isascii():
        for encoding in ("utf-8", "cp949"):
            try:
                return member.filename.encode("cp437").decode(encoding)
            except UnicodeError:
                continue
    return member.filename


def _named(place: Place, name: str, modified: datetime | None) -> Attempt:
    found = readings(name)
    if not found:
        return Attempt(place, name, _only(ids_in(name)), again=_again(name), modified=modified)
    # Canvas's files have the time of the download
    attempt = _read_as(place, found[0], found)
    if len(found) == 1:
        return attempt
    return replace(attempt, user=None, attachment=found[-1].attachment)


def _read_as(place: Place, reading: Downloaded, found: Sequence[Downloaded]) -> Attempt:
    file = reading.file if reading.kind == "file" else f"{reading.kind}.html"
    return Attempt(
        place,
        file,
        _only(ids_in(file)),
        user=f"anon_{reading.user}" if reading.anonymous else reading.user,
        name=reading.name or None,
        attachment=reading.attachment,
        again=_again(file),
        late=reading.late,
        kind=reading.kind,
        readings=found,
    )


def _only(ids: Sequence[str]) -> str | None:
    return ids[0] if len(ids) == 1 else None


def _again(file: str) -> int:
    match = _AGAIN.search(file)
    return int(match[1]) if match else 0
