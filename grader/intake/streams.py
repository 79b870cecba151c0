"""Bytes as they come in: hashed on their way, unpacked a piece at a time, measured.

The limits count the bytes that really stream out. Sizes in headers are never trusted.
"""

import bz2
import contextlib
import gzip
import hashlib
import io
import lzma
import zlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from grader.intake.records import ArchiveLimits
from grader.messages.message import Message, say

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK = 1 << 20
_RATIO_FLOOR = 1 << 20  # a tiny archive's zero padding packs very well and harms nobody
_HEADER_BYTES = 1 << 20  # extended headers are read into memory: keep them small
_ALL_HEADERS = 16 << 20  # bytes; macOS adds a few thousand to a file
_XZ_MEMORY = 1 << 29  # bytes; xz -9 asks for 65 MiB

Unzipped: type[gzip.GzipFile] = gzip.GzipFile
UNPACKING: tuple[type[Exception], ...] = (
    *(zlib.error, gzip.BadGzipFile, lzma.LZMAError),
    *(EOFError, ValueError, OverflowError),
)
"""What unpackers raise for damaged bytes."""
with contextlib.suppress(ImportError):  # students need not have it for the self-check
    from isal import igzip, isal_zlib  # the same in less than two thirds of the time

    Unzipped = igzip.IGzipFile
    # its stub calls the class an instance
    UNPACKING = (*UNPACKING, isal_zlib.error)  # type: ignore[arg-type]


def _zstd() -> Any:
    """Python's own module, or the same for older versions; None where it is not installed."""
    for name in ("compression.zstd", "backports.zstd"):
        with contextlib.suppress(ImportError):
            return import_module(name)
    return None


zstd = _zstd()
if zstd is not None:
    UNPACKING = (*UNPACKING, zstd.ZstdError)


ARCHIVE, FOLDER = say("archive.archive"), say("archive.folder")


class LimitReached(Exception):
    """The message names the limit; its value ``what`` is ``ARCHIVE``."""

    def __init__(self, said: Message) -> None:
        super().__init__(said)
        self.said = said

    @property
    def of_folder(self) -> Message:
        """The same said of a folder that was handed in."""
        return Message(self.said.id, {**self.said.values, "what": FOLDER})


def too_large(most: int) -> LimitReached:
    """What unpacks to more bytes."""
    return LimitReached(say("archive.too_large", what=ARCHIVE, most=most))


def too_dense(ratio: float) -> LimitReached:
    """What unpacks to more times its own size."""
    return LimitReached(say("archive.too_dense", what=ARCHIVE, ratio=ratio))


def too_many(members: int) -> LimitReached:
    """What has more members."""
    return LimitReached(say("archive.too_many", what=ARCHIVE, members=members))


class Hashed(io.RawIOBase):
    """Hashes a file as it is read through here, front to back; in a thread, while what was read is
    unpacked."""

    def __init__(self, file: io.FileIO) -> None:
        self._file, self._digest = file, hashlib.sha256()
        self._thread = ThreadPoolExecutor(1, "sha256")
        self._hashed: Future[None] | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        count = self._file.readinto(buffer)
        self._wait()  # so that no more than one piece waits in memory
        piece = bytes(memoryview(buffer)[:count])  # the buffer is used again meanwhile
        self._hashed = self._thread.submit(self._digest.update, piece)
        return count

    def _wait(self) -> None:
        if self._hashed is not None:
            self._hashed.result()

    def tell(self) -> int:
        return self._file.tell()

    def sha256(self) -> str:
        """Of the whole file, in hex: what nobody asked for is read now."""
        while self.read(CHUNK):
            pass
        self._wait()
        return self._digest.hexdigest()


class Source(Protocol):
    """What bytes are read from."""

    def read(self, size: int = ..., /) -> bytes: ...


class Packed(Source, Protocol):
    """A source that knows how much of it was read."""

    def tell(self) -> int: ...


class _Reads(io.RawIOBase):
    """A stream that has ``read`` of its own."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def read(self, size: int = -1) -> bytes:
        raise NotImplementedError  # each kind of stream has its own


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class Decompressed(_Reads):
    """What a decompressor of the standard library's kind makes of ``packed``, piece by piece.

    Several streams one behind the other are one; what else stands behind them is left alone.
    """

    def __init__(self, make: Callable[[], _Decompressor], magic: bytes, packed: Source) -> None:
        self._make, self._magic, self._packed = make, magic, packed
        self._unpacker: _Decompressor | None = make()

    def read(self, size: int = -1) -> bytes:
        most = CHUNK if size < 0 else min(size, CHUNK)
        while most and self._unpacker is not None:
            if self._unpacker.eof:
                fresh = self._unpacker.unused_data or self._packed.read(CHUNK)
                self._unpacker = self._make() if fresh.startswith(self._magic) else None
            else:
                fresh = self._packed.read(CHUNK) if self._unpacker.needs_input else b""
                if self._unpacker.needs_input and not fresh:
                    raise EOFError
            if self._unpacker is not None and (data := self._unpack(fresh, most)):
                return data
        return b""

    def _unpack(self, data: bytes, most: int) -> bytes:
        assert self._unpacker is not None
        try:
            return self._unpacker.decompress(data, most)
        except OSError as error:  # bzip2's, for damage, which is none of a disk's
            raise ValueError(str(error)) from error


def _xz() -> _Decompressor:
    return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)


GZIP, BZIP2, XZ, ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"


def unpacker_of(start: bytes) -> Callable[[Any], gzip.GzipFile | Decompressed] | None:
    """What opens a compressed stream that starts so; None if it is none, or cannot be opened."""
    if start.startswith(GZIP):
        return lambda packed: Unzipped(fileobj=packed)
    if start.startswith(BZIP2):
        return lambda packed: Decompressed(bz2.BZ2Decompressor, BZIP2, packed)
    if start.startswith(XZ):
        return lambda packed: Decompressed(_xz, XZ, packed)
    if start.startswith(ZSTD) and zstd is not None:
        return lambda packed: Decompressed(zstd.ZstdDecompressor, ZSTD, packed)
    return None


class Meter(_Reads):
    """Reads an unpacked stream and stops it at the limits."""

    def __init__(self, stream: Source, packed: Packed, limits: ArchiveLimits) -> None:
        self._packed, self._limits = packed, limits
        # one piece at a time, as damage behind a piece would take it away
        self._read = stream.read1 if isinstance(stream, gzip.GzipFile) else stream.read
        self._ahead = b""
        self.count = self._content = 0
        self.budget = _HEADER_BYTES

    def peek(self, size: int) -> bytes:
        """The next bytes, which are still to be read; fewer at the end."""
        while len(self._ahead) < size and (data := self._next(size - len(self._ahead))):
            self._ahead += data
        return self._ahead

    def read(self, size: int = -1) -> bytes:
        most = CHUNK if size < 0 else min(size, CHUNK)
        if self._ahead:
            data, self._ahead = self._ahead[:most], self._ahead[most:]
            return data
        return self._next(most)

    def _next(self, size: int) -> bytes:
        data = self._read(size)
        self.count += len(data)
        limits = self._limits
        if self.count > limits.unpacked_bytes:
            raise too_large(limits.unpacked_bytes)
        if self.count > most_for(self._packed.tell(), limits):
            raise too_dense(limits.ratio)
        if self.count > self.budget:
            raise LimitReached(say("archive.header", what=ARCHIVE))
        return data

    def allow(self, size: int) -> None:
        """Let the next ``size`` bytes of content pass, and one more header after them."""
        here = self.count - len(self._ahead)
        if here - self._content > _ALL_HEADERS:
            raise LimitReached(say("archive.headers", what=ARCHIVE))
        self._content += size
        self.budget = here + size + _HEADER_BYTES


def most_for(packed: int, limits: ArchiveLimits) -> float:
    """Bytes that may come out of ``packed`` ones."""
    return max(_RATIO_FLOOR, limits.ratio * packed)
