"""Safe unpacking: nothing is written outside the target, and nothing but plain files and folders.

Sizes in headers are never believed: the limits are kept on the bytes that really stream out.
"""

import contextlib
import errno
import gzip
import hashlib
import io
import os
import shutil
import stat
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from grader.errors import GraderError, Rejected
from grader.intake.records import ArchiveLimits
from grader.results import Flag

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Unzipped: type[gzip.GzipFile] = gzip.GzipFile
DAMAGE: tuple[type[Exception], ...] = (
    *(tarfile.TarError, zlib.error, gzip.BadGzipFile),
    *(EOFError, ValueError, OverflowError, RecursionError),
)
with contextlib.suppress(ImportError):  # students need not have it for the self-check
    from isal import igzip, isal_zlib  # the same in less than two thirds of the time

    Unzipped = igzip.IGzipFile
    # its stub calls the class an instance
    DAMAGE = (*DAMAGE, isal_zlib.error)  # type: ignore[arg-type]

_CHUNK = 1 << 20
_RATIO_FLOOR = 1 << 20  # a tiny archive's zero padding packs very well and harms nobody
_HEADER_BYTES = 1 << 20  # extended headers are read into memory: keep them small
_MAX_DEPTH = 32
_MAGIC_BYTES = 265
_GZIP_MAGIC = b"\x1f\x8b"
_DAMAGED = "The archive is damaged or cut off and cannot be unpacked."
# of an OSError: the machine's fault, never the name or content of a file
_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE}
_SKIPPED_FOLDERS = {"__pycache__", "__MACOSX"}


class Hashed(io.RawIOBase):
    """Hashes a file as it is read through here, front to back."""

    def __init__(self, file: io.FileIO) -> None:
        self._file, self._digest = file, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        count = self._file.readinto(buffer)
        self._digest.update(memoryview(buffer)[:count])
        return count

    def tell(self) -> int:
        return self._file.tell()

    def sha256(self) -> str:
        """Of the whole file, in hex: what nobody asked for is read now."""
        while self.read(_CHUNK):
            pass
        return self._digest.hexdigest()


class _Meter(io.RawIOBase):
    """Reads the unpacked stream and stops it at the limits."""

    def __init__(
        self, stream: BinaryIO | gzip.GzipFile, packed: BinaryIO, limits: ArchiveLimits
    ) -> None:
        self._stream, self._packed, self._limits = stream, packed, limits
        self.count = 0
        self.budget = _HEADER_BYTES

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(_CHUNK if size < 0 else min(size, _CHUNK))
        self.count += len(data)
        limits = self._limits
        if self.count > limits.unpacked_bytes:
            raise Rejected(f"The archive unpacks to more than {limits.unpacked_bytes} bytes.")
        if self.count > max(_RATIO_FLOOR, limits.ratio * self._packed.tell()):
            raise Rejected(f"The archive unpacks to more than {limits.ratio:g} times its own size.")
        if self.count > self.budget:
            raise Rejected("The archive has a member header of unreasonable size.")
        return data

    def allow(self, size: int) -> None:
        """Let the next ``size`` bytes of content pass, and one more header after them."""
        self.budget = self.count + size + _HEADER_BYTES


@contextlib.contextmanager
def _machine() -> Iterator[None]:
    """Turns the errors of this machine's disks, which are no fault of a student's, into a line."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise GraderError(f"The submission cannot be unpacked here: {reason}.") from error


@_machine()
def unpack(archive: Path, target: Path, limits: ArchiveLimits) -> tuple[str, tuple[Flag, ...]]:
    """Unpack ``archive`` (.tar.gz, or a bare .tar) into the empty folder ``target``.

    Returns the archive's SHA-256, in hex, taken on the way, and flags: links, devices, absolute
    paths and paths with ``..`` are left out and flagged. Raises Rejected, which carries the
    SHA-256, too, when the archive is damaged or breaks a limit.
    """
    with archive.open("rb", buffering=0) as file:
        hashed = Hashed(file)
        try:
            flags = _unpack_file(io.BufferedReader(hashed, _CHUNK), target, limits)
        except Rejected as error:
            error.sha256 = hashed.sha256()
            raise
        return hashed.sha256(), flags


def _unpack_file(
    packed: io.BufferedReader, target: Path, limits: ArchiveLimits
) -> tuple[Flag, ...]:
    start = packed.peek(_MAGIC_BYTES)
    if not start:
        raise Rejected("The archive is empty.")
    if start.startswith(_GZIP_MAGIC):
        with Unzipped(fileobj=packed) as stream:
            return _unpack_stream(_Meter(stream, packed, limits), target, limits)
    if start[257:262] == b"ustar":
        flag = Flag("archive_not_compressed", "The archive is a tar file without gzip.")
        return (flag, *_unpack_stream(_Meter(packed, packed, limits), target, limits))
    if start.startswith(b"PK"):
        raise Rejected("The file is a zip archive, not a .tar.gz.")
    raise Rejected("The file is not a .tar.gz archive.")


def _unpack_stream(meter: _Meter, target: Path, limits: ArchiveLimits) -> tuple[Flag, ...]:
    left_out: list[tuple[str, str]] = []
    try:
        # a block at a time from the meter: tarfile must not run ahead of the header budget
        with tarfile.open(fileobj=meter, mode="r|") as tar:
            count = 0
            while (member := tar.next()) is not None:
                count += 1
                if count > limits.members:
                    raise Rejected(f"The archive has more than {limits.members} members.")
                meter.allow(member.size)
                reason = _unsafe(member, target) or _extract(tar, member, target)
                if reason:
                    left_out.append((member.name, reason))
        meter.budget = limits.unpacked_bytes
        while meter.read(_CHUNK):
            pass  # to the end: only there is gzip's checksum compared
    except Rejected:
        raise
    except DAMAGE as error:
        raise Rejected(_DAMAGED) from error
    if count == 0:
        raise Rejected("The archive holds no files.")
    return _flags(left_out)


def _unsafe(member: tarfile.TarInfo, target: Path) -> str:
    """Why ``member`` must not be unpacked; empty if it may."""
    if member.issym() or member.islnk():
        return "a link"
    if member.issparse() or not (member.isdir() or member.isreg()):
        return "not a plain file or folder"
    path = PurePosixPath(member.name)
    if path.is_absolute():
        return "an absolute path"
    if ".." in path.parts:
        return "a path that leads out of the folder"
    if len(path.parts) > _MAX_DEPTH or "\0" in member.name:
        return "an unusable path"
    try:
        tarfile.data_filter(member, str(target))
    except (tarfile.FilterError, OSError, ValueError):
        return "an unsafe path"
    return ""


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> str:
    path = target / member.name
    try:
        if member.isdir():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            return ""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        out = path.open("wb")
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _MACHINE:
            raise
        return "a path that cannot be written"
    content = tar.extractfile(member)
    assert content is not None  # a regular file always has content
    with out, content:
        shutil.copyfileobj(content, out, _CHUNK)
    return ""


def _flags(left_out: list[tuple[str, str]]) -> tuple[Flag, ...]:
    shown = left_out[:10]
    flags = [
        Flag("archive_member_left_out", f"{printable(name)} was not unpacked: {reason}.")
        for name, reason in shown
    ]
    if len(left_out) > len(shown):
        more = len(left_out) - len(shown)
        flags.append(Flag("archive_member_left_out", f"{more} more members were not unpacked."))
    return tuple(flags)


@_machine()
def copy_folder(folder: Path, target: Path, limits: ArchiveLimits) -> tuple[Flag, ...]:
    """Copy the plain files of ``folder`` into ``target``; links are flagged and never followed.

    Hidden files and folders stay behind. Raises Rejected beyond the limits on bytes or members.
    """
    left_out: list[tuple[str, str]] = []
    total = 0
    for count, (entry, relative) in enumerate(_walk(folder, PurePosixPath()), 1):
        if count > limits.members:
            raise Rejected(f"The folder has more than {limits.members} members.")
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            (target / relative).mkdir(mode=0o700, exist_ok=True)
        elif stat.S_ISREG(mode):
            total += entry.stat(follow_symlinks=False).st_size
            if total > limits.unpacked_bytes:
                raise Rejected(f"The folder holds more than {limits.unpacked_bytes} bytes.")
            try:
                shutil.copyfile(entry.path, target / relative, follow_symlinks=False)
            except OSError as error:
                if error.errno in _MACHINE:
                    raise
                left_out.append((str(relative), "it cannot be read"))
        else:
            kind = "a link" if stat.S_ISLNK(mode) else "not a plain file or folder"
            left_out.append((str(relative), kind))
    return _flags(left_out)


def _walk(
    folder: Path, prefix: PurePosixPath
) -> Iterator[tuple["os.DirEntry[str]", PurePosixPath]]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.startswith(".") or entry.name in _SKIPPED_FOLDERS:
            continue
        yield entry, prefix / entry.name
        if entry.is_dir(follow_symlinks=False) and len(prefix.parts) < _MAX_DEPTH:
            yield from _walk(Path(entry.path), prefix / entry.name)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_sha256(folder: Path) -> str:
    """SHA-256 over the files of ``folder``, in hex, the same on every machine.

    For each file, sorted by its POSIX path relative to ``folder``: the path in UTF-8, a zero
    byte, and the 32 bytes of the SHA-256 of its content.
    """
    digest = hashlib.sha256()
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    for name in sorted(files):
        digest.update(name.encode("utf-8", "surrogateescape") + b"\0")
        digest.update(bytes.fromhex(file_sha256(files[name])))
    return digest.hexdigest()


def printable(name: str) -> str:
    """A file name that is safe to show: no control characters, at most 80 characters."""
    clean = "".join(c if c.isprintable() else "?" for c in name)
    return clean if len(clean) <= 80 else clean[:77] + "..."
