"""The folder that a submission is unpacked into: nothing is written outside it, nothing but plain
files and folders, and no more than the limits allow."""

import errno
import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from grader.intake.paths import is_junk, printable, safe_path
from grader.intake.records import ArchiveLimits, Unread
from grader.intake.streams import CHUNK, LimitReached, Source, too_dense, too_large, too_many
from grader.messages.message import Message, Said, say
from grader.states import Flag

# of an OSError: the machine's fault, never the name or content of a file
MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE}
_SEEN_FOR_ONE = 25  # members that are looked at for each that may be kept: junk costs little
_SHOWN = 10  # members of which each has a flag of its own
_CHAIN = 8  # links that lead to links


@dataclass
class _Link:
    """``to`` is the path that it names, relative to the target."""

    to: PurePosixPath | None
    said: str


class _Said:
    """Members to tell of; of many only their number is kept, as names may be long."""

    def __init__(self) -> None:
        self.first: list[tuple[str, Said]] = []
        self.count = 0

    def add(self, name: str, why: Said) -> None:
        self.count += 1
        if len(self.first) < _SHOWN:
            self.first.append((printable(name), why))

    def flags(self, id_: str, said: str) -> list[Flag]:
        """``said`` is the message's id."""
        flags = [Flag(id_, say(said, name=name, reason=why)) for name, why in self.first]
        if self.count > _SHOWN:
            flags.append(Flag(id_, say("archive.more", count=self.count - _SHOWN)))
        return flags


class Target:
    """Takes members of archives, one after the other, and remembers what became of them;
    ``written`` is told of each file that is whole."""

    def __init__(
        self, root: Path, limits: ArchiveLimits, written: Callable[[Path], None] | None = None
    ) -> None:
        self.root, self.limits, self._written = root, limits, written
        self.bytes = 0
        self.files: dict[PurePosixPath, None] = {}  # in order
        self.unread: list[Unread] = []
        self._members = self._seen = 0
        self._links: dict[PurePosixPath, _Link] = {}
        self._changed, self._left_out = _Said(), _Said()

    def place(self, name: str, within: PurePosixPath) -> PurePosixPath | None:
        """Where a member may lie, relative to the target; None if it is of no use.

        Raises ``LimitReached`` where there are too many.
        """
        self._seen += 1
        path, changed = safe_path(name)
        if path is None and (name.strip("./\\") or changed):
            self.leave_out(name, say("archive.unusable_path"))
        if path is None or is_junk(path):
            if self._seen > _SEEN_FOR_ONE * self.limits.members:
                raise too_many(self.limits.members)
            return None
        self._count()
        if changed:
            self._changed.add(name, changed)
        return within / path

    def _count(self) -> None:
        self._members += 1
        if self._members > self.limits.members:
            raise too_many(self.limits.members)

    def make_folder(self, path: PurePosixPath) -> None:
        try:
            (self.root / path).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            self._not_written(path, error)

    def write_file(self, path: PurePosixPath, content: Source, most: float) -> None:
        """Writes ``content``, at most so many bytes; the last of one path stays.

        Raises what reading ``content`` raises, and ``LimitReached``; then nothing is left there.
        """
        try:
            out = self._create(path)
        except (OSError, ValueError) as error:
            self._not_written(path, error)
            return
        self._links.pop(path, None)
        try:
            with out:
                while data := content.read(CHUNK):
                    self.bytes += len(data)
                    most -= len(data)
                    if self.bytes > self.limits.unpacked_bytes:
                        raise too_large(self.limits.unpacked_bytes)
                    if most < 0:
                        raise too_dense(self.limits.ratio)
                    out.write(data)
        except BaseException:
            (self.root / path).unlink()
            self.files.pop(path, None)
            raise
        self.files[path] = None
        if self._written is not None:
            self._written(self.root / path)

    def _create(self, path: PurePosixPath) -> BinaryIO:
        place = self.root / path
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place.open("wb")

    def _not_written(self, path: PurePosixPath, error: OSError | ValueError) -> None:
        if isinstance(error, OSError) and error.errno in MACHINE:
            raise error
        self.cannot_read(path, say("archive.path_taken"))

    def note_link(self, path: PurePosixPath, to: str, base: PurePosixPath) -> None:
        """Remembers a link, whose target may come later; ``to`` is relative to ``base``."""
        absolute = to.startswith("/")
        led = PurePosixPath(posixpath.normpath(to if absolute else str(base / to)))
        self._links[path] = _Link(None if absolute or ".." in led.parts else led, to)

    def settle_links(self) -> None:
        """Puts copies in the place of the links to files and folders that are in the target."""
        try:
            for _ in range(_CHAIN):
                for path, link in list(self._links.items()):
                    if link.to is not None and self._settle_link(path, link.to):
                        self._links.pop(path, None)
        except LimitReached as limit:
            self.note_partly_read(None, limit.said)
        for path, link in self._links.items():
            to = printable(link.said)
            self.cannot_read(path, say("archive.link", to=to))
        self._links = {}

    def _settle_link(self, path: PurePosixPath, to: PurePosixPath) -> bool:
        """Whether it is done, or there is nothing to be done."""
        source = self.root / to
        if to in self.files:
            if path not in self.files:
                self._count()
                with source.open("rb") as content:
                    self.write_file(path, content, self.limits.unpacked_bytes)
            return True
        if not source.is_dir() or path.is_relative_to(to):
            return False
        for inner in [file for file in self.files if file.is_relative_to(to)]:
            self._settle_link(path / inner.relative_to(to), inner)
        return True

    def leave_out(self, name: str, reason: Said) -> None:
        """Of no use and no harm: a flag says so."""
        self._left_out.add(name, reason)

    def cannot_read(self, path: PurePosixPath, reason: Said) -> None:
        """It was handed in and is not there to be judged: ``reason`` is what follows "as"."""
        self.files.pop(path, None)
        said = say("archive.cannot_be_read", name=printable(str(path)), reason=reason)
        self.unread.append(Unread(str(path), said))

    def note_partly_read(
        self, path: PurePosixPath | None, reason: Said, altered: bool = False
    ) -> None:
        """An archive was not read to its end; ``reason`` is a sentence."""
        said = reason if path is None else of(path, reason)
        self.unread.append(Unread("", said, whole=True, altered=altered))

    def flags(self) -> tuple[Flag, ...]:
        """What a TA should know of how it was unpacked."""
        return (
            *self._changed.flags("archive_path_changed", "archive.path_changed"),
            *self._left_out.flags("archive_member_left_out", "archive.left_out"),
        )

    def remove(self, path: PurePosixPath) -> None:
        (self.root / path).unlink()
        del self.files[path]

    def copy(self, path: PurePosixPath, source: Path) -> None:
        """A file of a folder that was handed in."""
        try:
            with source.open("rb") as content:
                self.write_file(path, content, self.limits.unpacked_bytes)
        except OSError as error:
            if error.errno in MACHINE:
                raise
            self.cannot_read(path, error.strerror or say("archive.not_opened"))


def of(path: PurePosixPath, what: Said) -> Message:
    """What is said of a file or an archive inside of what was handed in."""
    return say("archive.of", name=printable(str(path)), what=what)
