"""Hashes of the tensors that checkpoints hold, by which equal ones are found; taken while the rest
of a submission is unpacked.

Nothing is unpickled. The stored bytes of tensors are hashed as they are in the file.
"""

import hashlib
import os
import struct
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor
from io import BufferedReader
from pathlib import Path

# bytes: biases and counters may be equal by chance, and schedules are by right, also in float64
SMALLEST_TENSOR = 1 << 14
MOST_CHECKPOINTS = 16
ENDINGS = (".pth", ".pt")
PIECE = 1 << 18  # bytes that are read at once
HEADER = struct.Struct("<4s22xHH")  # of a zip's member: magic, lengths of its name and of more
TAIL = 1 << 20  # bytes at a checkpoint's end in which its directory must lie


class Hashing:
    """Hashes each checkpoint in a thread of its own, as soon as it is ``written``."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "tensors")
        self._hashes: dict[Path, Future[set[str]]] = {}

    def hash_file(self, path: Path) -> None:
        """To be called once the file is whole; the last of one path counts."""
        if path.suffix in ENDINGS:
            self._hashes[path] = self._thread.submit(tensor_hashes, path)

    def found(self, root: Path) -> frozenset[str]:
        """Those of all checkpoints that are below ``root`` now, once each of them is known."""
        known = [self._hashes[path].result() for path in checkpoints(root)]
        return frozenset().union(*known)


def checkpoints(root: Path) -> list[Path]:
    paths = sorted(p for p in root.rglob("*") if p.suffix in ENDINGS and p.is_file())
    return paths[:MOST_CHECKPOINTS]


def tensor_hashes(path: Path) -> set[str]:
    """Of the large tensors' bytes in a checkpoint; of a whole file that is no plain zip."""
    with path.open("rb") as file:
        try:
            return stored_hashes(file) if is_plain_zip(file) else whole_hash(file)
        except Exception:  # zipfile raises nearly every kind for damaged files
            return whole_hash(file)


def is_plain_zip(file: BufferedReader) -> bool:
    """Whether its directory is as small as that of a checkpoint: a hostile one would fill memory.

    Large directories need the records of zip64, which must not be there or tell the same.
    """
    size = file.seek(0, os.SEEK_END)
    tail = min(size, TAIL)
    file.seek(size - tail)
    data = file.read(tail)
    end = data.rfind(b"PK\x05\x06")
    if end < 0 or len(data) < end + 22:
        return False
    (directory,) = struct.unpack_from("<L", data, end + 12)
    if data[max(end - 20, 0) : end].startswith(b"PK\x06\x07"):
        longer = end - 76  # where zipfile looks for it, and torch writes it
        if longer < 0 or not data.startswith(b"PK\x06\x06", longer):
            return False
        directory = max(directory, *struct.unpack_from("<Q", data, longer + 40))
    return bool(directory <= TAIL)


def stored_hashes(file: BufferedReader) -> set[str]:
    """Of the members that hold tensors, as they lie in the file; together no more than the file."""
    left = file.seek(0, os.SEEK_END)
    hashes = set()
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            stored = member.compress_type == zipfile.ZIP_STORED  # as torch writes them
            if "/data/" in member.filename and stored and member.file_size >= SMALLEST_TENSOR:
                left -= member.file_size
                if left < 0:
                    raise ValueError("members overlap")
                file.seek(start_of(file, member))
                hashes.add(digest_of(file, member.file_size))
    return hashes


def start_of(file: BufferedReader, member: zipfile.ZipInfo) -> int:
    """Where a member's bytes begin: behind its own header, a name and more."""
    file.seek(member.header_offset)
    header = file.read(HEADER.size)
    magic, name, more = HEADER.unpack(header)
    if magic != b"PK\x03\x04":
        raise zipfile.BadZipFile
    return member.header_offset + HEADER.size + int(name) + int(more)


def whole_hash(file: BufferedReader) -> set[str]:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return {digest_of(file, size)} if size >= SMALLEST_TENSOR else set()


def digest_of(file: BufferedReader, size: int) -> str:
    """Of the next ``size`` bytes. Raises ``EOFError`` if there are fewer."""
    digest, piece = hashlib.sha256(), memoryview(bytearray(min(PIECE, size)))
    while size:
        count = file.readinto(piece[:size])
        if not count:
            raise EOFError
        digest.update(piece[:count])
        size -= count
    return digest.hexdigest()[:32]
