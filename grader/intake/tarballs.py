"""Tar archives, read front to back as they stream in."""

import tarfile
from pathlib import PurePosixPath
from typing import Any

from grader.intake.paths import safe_path
from grader.intake.streams import CHUNK, UNPACKING, Meter, Source, most_for
from grader.intake.target import Target
from grader.messages.message import say

BLOCK = tarfile.BLOCKSIZE
DAMAGE = (*UNPACKING, tarfile.TarError, RecursionError)


def is_tar(start: bytes) -> bool:
    """Whether an archive starts so: by the checksum of its first header."""
    if len(start) < BLOCK:
        return False
    try:
        tarfile.TarInfo.frombuf(start[:BLOCK], "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


# the library's stub does not know them
_DAMAGED = (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError)  # type: ignore[attr-defined]


class _Header(tarfile.TarInfo):
    """One that is damaged is an error; tarfile takes it for the end."""

    @classmethod
    def fromtarfile(cls, tar: tarfile.TarFile) -> "_Header":
        try:
            return super().fromtarfile(tar)
        except _DAMAGED as error:
            raise tarfile.ReadError(str(error)) from error


class _Forward:
    """A metered stream as tarfile wants a file: read front to back, and no further than asked."""

    def __init__(self, meter: Meter) -> None:
        self._meter, self._place = meter, 0

    def tell(self) -> int:
        return self._place

    def seek(self, place: int) -> None:
        if place < self._place:
            raise tarfile.StreamError("seeking backwards is not allowed")
        while self._place < place and self.some(place - self._place):
            pass

    def read(self, size: int) -> bytes:
        """So many bytes; fewer at the end only."""
        pieces = [piece := self.some(size)]
        while piece and (size := size - len(piece)):
            pieces.append(piece := self.some(size))
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def some(self, most: int) -> bytes:
        """At least one byte, at most so many; none at the end."""
        piece = self._meter.read(most)
        self._place += len(piece)
        return piece


class _Content:
    """What is left of a member that lies in one piece."""

    def __init__(self, stream: _Forward, size: int) -> None:
        self._stream, self._left = stream, size

    def read(self, size: int = CHUNK, /) -> bytes:
        data = self._stream.some(min(size, self._left)) if self._left else b""
        if self._left and not data:
            raise tarfile.ReadError("unexpected end of data")
        self._left -= len(data)
        return data


def unpack_tar(meter: Meter, target: Target, within: PurePosixPath) -> None:
    """Unpacks into the folder ``within`` of the target.

    Raises what damaged bytes raise, and ``LimitReached``; what came before stays.
    """
    meter.peek(tarfile.RECORDSIZE)  # what is damaged so early is no archive
    stream: Any = _Forward(meter)  # tarfile needs no more of a file
    with tarfile.TarFile(fileobj=stream, tarinfo=_Header) as tar:
        while (member := tar.next()) is not None:
            meter.allow(_stored(member))
            path = target.place(member.name, within)
            if path is None:
                continue
            if member.isdir():
                target.make_folder(path)
            elif member.issym():
                target.note_link(path, member.linkname, path.parent)
            elif member.islnk():
                to, _ = safe_path(member.linkname)
                target.note_link(path, str(to), within)
            elif member.isreg() and member.size > most_for(_stored(member), target.limits):
                target.cannot_read(path, say("archive.claims_more"))
            elif member.isreg():
                target.write_file(path, _content(tar, member, stream), target.limits.unpacked_bytes)
            else:
                target.leave_out(member.name, say("archive.not_plain"))
            tar.members.clear()  # type: ignore[attr-defined]  # tarfile would keep them all
    meter.budget = target.limits.unpacked_bytes
    while meter.read():
        pass  # to the end: only there are checksums compared


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo, stream: _Forward) -> Source:
    """Straight from the stream, but for files with holes."""
    if not member.issparse():
        stream.seek(member.offset_data)
        return _Content(stream, max(member.size, 0))
    content = tar.extractfile(member)
    assert content is not None  # a regular file always has content
    return content


def _stored(member: tarfile.TarInfo) -> int:
    """Bytes of content in the archive: a file with holes claims to be larger."""
    holes: Any = member.sparse  # the library's stub is wrong
    return sum(size for _, size in holes) if holes else int(member.size)
