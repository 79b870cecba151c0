"""Tar archives, read front to back as they stream in."""

import tarfile
from pathlib import PurePosixPath
from typing import Any

from grader.intake.paths import safe_path
from grader.intake.streams import UNPACKING, Meter, most_for
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


def unpack_tar(meter: Meter, target: Target, within: PurePosixPath) -> None:
    """Unpacks into the folder ``within`` of the target.

    Raises what damaged bytes raise, and ``LimitReached``; what came before stays.
    """
    # a block at a time from the meter: tarfile must not run ahead of the header budget
    with tarfile.open(fileobj=meter, mode="r|", tarinfo=_Header) as tar:
        while (member := tar.next()) is not None:
            meter.allow(_stored(member))
            path = target.place(member.name, within)
            if path is None:
                continue
            if member.isdir():
                target.folder(path)
            elif member.issym():
                target.link(path, member.linkname, path.parent)
            elif member.islnk():
                to, _ = safe_path(member.linkname)
                target.link(path, str(to), within)
            elif member.isreg() and member.size > most_for(_stored(member), target.limits):
                target.cannot_read(path, say("archive.claims_more"))
            elif member.isreg():
                content = tar.extractfile(member)
                assert content is not None  # a regular file always has content
                target.file(path, content, target.limits.unpacked_bytes)
            else:
                target.leave_out(member.name, say("archive.not_plain"))
            tar.members.clear()  # type: ignore[attr-defined]  # tarfile would keep them all
    meter.budget = target.limits.unpacked_bytes
    while meter.read():
        pass  # to the end: only there are checksums compared


def _stored(member: tarfile.TarInfo) -> int:
    """Bytes of content in the archive: a file with holes claims to be larger."""
    holes: Any = member.sparse  # the library's stub is wrong
    return sum(size for _, size in holes) if holes else int(member.size)
