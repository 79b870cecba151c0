"""Finds what was handed in: tarballs, folders of them, Canvas's ``submissions.zip``.

A zip is read member by member and never unpacked whole.
"""

import hashlib
import os
import re
import stat
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

from grader.errors import UsageError
from grader.intake.identify import student_id_in
from grader.intake.paths import printable

CHUNK = 1 << 20
# browsers number a second download in front of the last ending: 2023-12345.tar (1).gz, .tar-1.gz
_NUMBER = r"(?:-| ?\(| )([0-9]{1,3})\)?"
_TARBALL = re.compile(rf"\.(tar({_NUMBER})?\.gz|tgz|tar)$", re.IGNORECASE)
_CANVAS = re.compile(
    r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<user>\d+)_(?P<attachment>\d+)_(?P<file>.+)"
)
_ANONYMOUS = re.compile(
    r"anon_(?P<anonymous>[A-Za-z0-9]+)(?P<late>_LATE)?(_(?P<user>\d+))?_(?P<attachment>\d+)_(?P<file>.+)"
)
_AGAIN = re.compile(rf"[0-9]{{4}}-[0-9]{{5}}(?:\.tar)?{_NUMBER}\.", re.IGNORECASE)
_SKIPPED = {"__MACOSX"}


@dataclass(frozen=True)
class Place:
    """Where a submission's bytes lie: a file, or a member of a zip."""

    path: Path
    member: str | None = None

    def open(self) -> IO[bytes]:
        """Its bytes. Raises ``OSError``, also for a member that cannot be read."""
        if self.member is None:
            return self.path.open("rb")
        try:
            with zipfile.ZipFile(self.path) as archive:
                return archive.open(self.member)  # keeps the file open for itself
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, KeyError) as error:
            # NotImplementedError is zipfile's, for a method of packing that it does not know
            raise OSError(f"the zip's member cannot be read ({error})") from error

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, a piece at a time. Raises ``OSError``."""
        with self.open() as file:
            try:
                while chunk := file.read(CHUNK):
                    yield chunk
            except (zipfile.BadZipFile, RuntimeError, ValueError, EOFError) as error:
                raise OSError(f"the zip's member is damaged ({error})") from error

    def sha256(self) -> str:
        """Of the bytes, in hex. Raises ``OSError``."""
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()

    def stamp(self) -> str:
        """Changes when the file does. Raises ``OSError``."""
        found = self.path.stat()
        return f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"

    def __str__(self) -> str:
        inside = "" if self.member is None else f":{printable(self.member)}"
        return f"{printable(str(self.path))}{inside}"


@dataclass(frozen=True)
class Attempt:
    """One file that somebody handed in. ``file`` is its name without what Canvas put in front.

    ``user`` is Canvas's number of the student, ``attachment`` that of the file, ``again`` the
    number that a further attempt carries in its name. ``modified`` is known of plain files only.
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

    @property
    def is_tarball(self) -> bool:
        return bool(_TARBALL.search(self.file))


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
    elif path.suffix.lower() == ".zip":
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
        if path.name.startswith(".") or path.name in _SKIPPED:
            continue
        if path.is_dir():
            lines.append(f"{printable(path.name)} is a folder; only files are graded.")
        elif _waits_for_ever(path):
            lines.append(f"{printable(path.name)} is no plain file.")
        else:
            attempt = plain_file(path)
            if attempt.is_tarball or attempt.student_id:
                yield attempt
            elif path.suffix.lower() == ".zip":
                lines.append(
                    f"{printable(path.name)} names no student; Canvas's zip is given by itself."
                )
            else:
                lines.append(f"{printable(path.name)} is no .tar.gz and names no student.")


def plain_file(path: Path) -> Attempt:
    """A file that was handed in, under the name that Canvas gave it or its own."""
    try:
        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        modified = None
    return _named(Place(path), path.name, modified)


def _zip(path: Path, lines: list[str]) -> Iterator[Attempt]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        # NotImplementedError is zipfile's, for a method of packing that it does not know
        raise UsageError(f"{path} cannot be read as a zip: {error}") from None
    seen: set[str] = set()
    for member in members:
        name = PurePosixPath(member.filename).name
        hidden = name.startswith(".") or _SKIPPED & set(PurePosixPath(member.filename).parts)
        if member.is_dir() or hidden:
            continue
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            lines.append(f"{printable(member.filename)} in {path.name} is no plain file.")
        elif member.filename in seen:
            lines.append(f"{printable(member.filename)} stands twice in {path.name}.")
        else:
            seen.add(member.filename)
            yield _named(Place(path, member.filename), name, None)


def _named(place: Place, name: str, modified: datetime | None) -> Attempt:
    found = _ANONYMOUS.fullmatch(name) or _CANVAS.fullmatch(name)
    if found and student_id_in(found.group(1)):
        found = None  # Canvas leaves no dash in a name: 2023-12345_2_1_final.tar.gz is a student's
    parts = found.groupdict() if found else {}
    file = parts.get("file") or name
    again = _AGAIN.search(file)
    anonymous = parts.get("anonymous")
    return Attempt(
        place=place,
        file=file,
        student_id=student_id_in(file),
        user=parts.get("user") or (f"anon_{anonymous}" if anonymous else None),
        name=parts.get("name"),
        attachment=int(parts.get("attachment") or 0),
        again=int(again.group(1)) if again else 0,
        late=bool(parts.get("late")),
        modified=None if found else modified,  # Canvas's files have the time of the download
    )
