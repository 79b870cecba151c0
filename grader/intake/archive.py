"""Safe unpacking, whatever an archive is called and however it is packed.

It writes only plain files and folders, and only inside the target. It opens archives inside
archives, too. It names what it cannot read, and keeps what it read before.
"""

import contextlib
import hashlib
import io
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

from grader.errors import GraderError, Rejected
from grader.intake import tarballs, zips
from grader.intake.paths import DEEPEST, printable
from grader.intake.records import ArchiveLimits, Unread
from grader.intake.stored import Hashing
from grader.intake.streams import (
    ARCHIVE,
    CHUNK,
    GZIP,
    Hashed,
    LimitReached,
    Meter,
    Packed,
    unpacker_of,
)
from grader.intake.tarballs import BLOCK, is_tar, unpack_tar
from grader.intake.target import Target, of
from grader.intake.zips import is_checkpoint, is_zip, unpack_zip
from grader.messages.message import Message, Said, say
from grader.states import Flag

if TYPE_CHECKING:
    Buffered = io.BufferedReader[Any]

DAMAGE: tuple[type[Exception], ...] = (*tarballs.DAMAGE, *zips.DAMAGE)
_NESTED = 4  # archives in archives
_EMPTY = say("archive.empty")
_NOT_OPENED = {
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "RAR",
    b"ALZ\x01": "ALZip",
    b"EGGA": "EGG",
    b"\x28\xb5\x2f\xfd": "Zstandard",  # where its library is missing
    b"\x1f\x9d": "compress",
    b"LZIP": "lzip",
    b"MSCF": "CAB",
}
_ARCHIVE_NAME = re.compile(
    r"(\.(zip|tar|tgz|tbz2?|txz|tzst|gz|bz2|xz|zst|7z|rar|alz|egg)|\.ipynb|(^|/)[^.]+)"
    r"( ?\(\d+\)|-\d+)?$",
    re.IGNORECASE,
)
_ENDINGS = re.compile(r"(\.(tar|gz|tgz|bz2|tbz2?|xz|txz|zst|tzst))+$", re.IGNORECASE)
_NOTEBOOK = re.compile(rb"(\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*\{")


@dataclass(frozen=True)
class Unpacked:
    """What came of unpacking. ``sha256`` is the archive's, in hex, and ``tensors`` are hashes of
    those in checkpoints; both are taken on the way."""

    sha256: str = ""
    flags: tuple[Flag, ...] = ()
    unread: tuple[Unread, ...] = ()
    tensors: frozenset[str] = frozenset()


@contextlib.contextmanager
def _machine() -> Iterator[None]:
    """Turns the errors of this machine's disks, which are no fault of a student's, into a line."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise GraderError(say("archive.not_unpacked_here", reason=str(reason))) from error


@_machine()
def unpack(archive: Path, root: Path, limits: ArchiveLimits, compared: bool = False) -> Unpacked:
    """Unpacks ``archive`` into the empty folder ``root``: a .tar.gz, or what came in its place.
    The tensors are hashed only if it is to be ``compared``.

    Raises ``Rejected``, which carries the SHA-256, where nothing at all could be unpacked.
    """
    opening = _Opening(root, limits, compared)
    with archive.open("rb", buffering=0) as file:
        hashed = Hashed(file)
        packed: Buffered = io.BufferedReader(hashed, CHUNK)
        try:
            opening.unpack_whole(packed, archive)
        except Rejected as error:
            error.sha256 = hashed.sha256()
            raise
        sha256 = hashed.sha256()
    opening.inner()
    target = opening.target
    if not target.files:
        empty = Rejected(target.unread[0].reason if target.unread else _EMPTY)
        empty.sha256 = sha256
        raise empty
    return opening.unpacked(sha256)


@_machine()
def copy_folder(
    folder: Path, root: Path, limits: ArchiveLimits, compared: bool = False
) -> Unpacked:
    """Copies the plain files of ``folder`` into ``root`` and opens the archives among them.

    Links are followed only to what is copied, too. The SHA-256 is that of the files as they were.
    """
    opening = _Opening(root, limits, compared)
    target = opening.target
    try:
        for entry, relative in _walk(folder, PurePosixPath()):
            path = target.place(str(relative), PurePosixPath())
            if path is None:
                continue
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                target.make_folder(path)
            elif stat.S_ISREG(mode):
                target.copy(path, Path(entry.path))
            elif stat.S_ISLNK(mode):
                target.note_link(path, os.readlink(entry.path), path.parent)
            else:
                target.leave_out(str(relative), say("archive.not_plain"))
    except LimitReached as limit:
        target.note_partly_read(None, limit.of_folder)
    target.settle_links()
    sha256 = folder_sha256(root)
    opening.inner()
    return opening.unpacked(sha256)


def _walk(
    folder: Path, prefix: PurePosixPath
) -> Iterator[tuple["os.DirEntry[str]", PurePosixPath]]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        yield entry, prefix / entry.name
        if entry.is_dir(follow_symlinks=False) and len(prefix.parts) < DEEPEST:
            yield from _walk(Path(entry.path), prefix / entry.name)


class _Opening:
    """Opens an archive, and the archives that come out of it."""

    def __init__(self, root: Path, limits: ArchiveLimits, compared: bool) -> None:
        self._hashing = Hashing() if compared else None
        self.target = Target(root, limits, self._hashing.hash_file if self._hashing else None)
        self.flags: list[Flag] = []

    def unpacked(self, sha256: str) -> Unpacked:
        """What came of it all."""
        target = self.target
        tensors = self._hashing.found(target.root) if self._hashing else frozenset[str]()
        flags, unread = (*self.flags, *target.flags()), tuple(target.unread)
        return Unpacked(sha256, flags, unread, tensors)

    def unpack_whole(self, packed: "Buffered", archive: Path) -> None:
        """What was handed in. Raises ``Rejected`` if it is no archive and no notebook."""
        if not packed.peek(BLOCK):
            raise Rejected(_EMPTY)
        if why := self.unpack(packed, archive.name, PurePosixPath()):
            raise Rejected(why)

    def inner(self) -> None:
        """Opens what is an archive among the files, each in the place of a folder of its name."""
        fresh = list(self.target.files)
        for _ in range(_NESTED):
            before = set(self.target.files)
            for path in fresh:
                self._inner(path)
            fresh = [path for path in self.target.files if path not in before]

    def _inner(self, path: PurePosixPath) -> None:
        if not _ARCHIVE_NAME.search(str(path)):
            return
        with (self.target.root / path).open("rb") as file:
            start = file.peek(BLOCK)
            packed = unpacker_of(start) or is_tar(start) or form_of(start)
            if packed or (is_zip(start) and not is_checkpoint(file, self.target.limits)):
                file.seek(0)
                self.target.remove(path)  # the open file is still there to read
                self.target.make_folder(path)
                if why := self.unpack(file, path.name, path):
                    self.target.unread.append(Unread(str(path), of(path, why), whole=True))
                else:
                    said = say("archive.opened", name=printable(str(path)))
                    self.flags.append(Flag("archive_inside", said))

    def unpack(self, packed: "Buffered", name: str, within: PurePosixPath) -> Said:
        """Unpacks an archive of whatever form into a folder of the target; what stops it is noted.

        Gives the reason, a sentence, if it cannot be opened at all.
        """
        whole = within if within.parts else None
        try:
            return self._unpack(packed, packed, name, within)
        except LimitReached as limit:
            self.target.note_partly_read(whole, limit.said)
        except DAMAGE as error:
            cut_off = isinstance(error, EOFError) or "end of data" in str(error)
            self.target.note_partly_read(whole, say("archive.damaged"), altered=not cut_off)
        finally:
            self.target.settle_links()
        return ""

    def _unpack(
        self, stream: "Buffered | Meter", packed: Packed, name: str, within: PurePosixPath
    ) -> Said:
        """``stream`` gives the bytes: ``packed`` itself, or what is unpacked from it."""
        start, target = stream.peek(BLOCK), self.target
        as_it_is = not isinstance(stream, Meter)
        handed_in = not within.parts
        if is_tar(start):
            if as_it_is and handed_in:
                self.note("archive_not_compressed", say("archive.no_gzip"))
            if not isinstance(stream, Meter):
                stream = Meter(stream, packed, target.limits)
            unpack_tar(stream, target, within)
        elif is_zip(start):
            if handed_in:
                self.note("archive_form", say("archive.zip"))
            with self.seekable(stream) as file:
                unpack_zip(file, target, within)
        elif unpack := unpacker_of(start):
            if as_it_is and handed_in and not start.startswith(GZIP):
                self.note("archive_form", say("archive.other_packing"))
            allow_all(stream, target.limits.unpacked_bytes)
            with contextlib.closing(unpack(stream)) as unpacked:
                return self._unpack(Meter(unpacked, packed, target.limits), packed, name, within)
        elif form := form_of(start):
            return say("archive.unknown_form", form=form)
        elif handed_in and not start.strip(b"\0"):
            return _EMPTY
        elif within.parts or _NOTEBOOK.match(start):
            self.single(stream, name, within, start)
        else:
            return say("archive.not_an_archive")
        return ""

    def note(self, id_: str, said: Message) -> None:
        self.flags.append(Flag(id_, said))

    @contextlib.contextmanager
    def seekable(self, stream: "Buffered | Meter") -> Iterator[BinaryIO]:
        """The same bytes as a file in which one may go back."""
        most = self.target.limits.unpacked_bytes
        with tempfile.TemporaryFile(dir=self.target.root) as file:
            allow_all(stream, most)
            while data := stream.read(CHUNK):
                if file.tell() > most:
                    raise LimitReached(say("archive.larger", what=ARCHIVE, most=most))
                file.write(data)
            yield file

    def single(
        self, stream: "Buffered | Meter", name: str, within: PurePosixPath, start: bytes
    ) -> None:
        """One file that was packed by itself, or a notebook that was handed in as it is."""
        plain = _ENDINGS.sub("", name) or name
        if _NOTEBOOK.match(start) and not plain.lower().endswith((".ipynb", ".json", ".txt")):
            plain += ".ipynb"
        path = self.target.place(plain, within)
        if path is not None:
            self.note("archive_form", say("archive.alone", name=printable(plain)))
            allow_all(stream, self.target.limits.unpacked_bytes)
            self.target.write_file(path, stream, self.target.limits.unpacked_bytes)


def allow_all(stream: "Buffered | Meter", most: int) -> None:
    """No header is to be read from here on."""
    if isinstance(stream, Meter):
        stream.budget = most


def form_of(start: bytes) -> str:
    """The name of a packed form that starts so and cannot be opened here; empty if it is none."""
    if unpacker_of(start) is not None:
        return ""
    return next((form for magic, form in _NOT_OPENED.items() if start.startswith(magic)), "")


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
