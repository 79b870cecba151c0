"""Zip archives: members by their directory at the end of the file."""

import os
import re
import stat
import struct
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import BinaryIO

from grader.intake.records import ArchiveLimits
from grader.intake.streams import LimitReached, most_for, too_many
from grader.intake.target import Target
from grader.messages.message import say

DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, ValueError, struct.error, RecursionError),
    *(NotImplementedError, RuntimeError),  # zipfile's, for forms that it does not know
)
_UTF8, _LOCKED = 0x800, 0x1
_BYTES_A_MEMBER = 2048  # of the directory: names, dates, comments
_END = 22 + (1 << 16)  # the record at the end, and the longest comment
_TORCH = re.compile(r"[^/]*/data\.pkl")
_METHODS = {9: "Deflate64", 93: "Zstandard", 95: "xz", 98: "PPMd", 99: "with AES"}
_LINK_BYTES = 4096


def is_zip(start: bytes) -> bool:
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"))


def is_checkpoint(file: BinaryIO, limits: ArchiveLimits) -> bool:
    """Whether ``torch.save`` wrote this zip archive."""
    try:
        with _opened(file, limits) as archive:
            return any(_TORCH.fullmatch(name) for name in archive.namelist())
    except (*DAMAGE, LimitReached):
        return False


def unpack_zip(file: BinaryIO, target: Target, within: PurePosixPath) -> None:
    """Unpacks into the folder ``within`` of the target; members that cannot be read are named.

    Raises one of ``DAMAGE`` and ``LimitReached``; what came before stays.
    """
    size = file.seek(0, os.SEEK_END)
    before = target.bytes
    with _opened(file, target.limits) as archive:
        for member in archive.infolist():
            path = target.place(_name(member), within)
            if path is None:
                continue
            kind = stat.S_IFMT(member.external_attr >> 16)
            if member.is_dir() or member.filename.endswith("\\"):
                target.make_folder(path)
            elif member.flag_bits & _LOCKED:
                target.cannot_read(path, say("archive.locked"))
            elif kind not in (0, stat.S_IFREG, stat.S_IFLNK):
                target.leave_out(member.filename, say("archive.not_plain"))
            else:
                most = most_for(size, target.limits) - (target.bytes - before)
                _member(archive, member, path, target, most, kind == stat.S_IFLNK)


def _member(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    path: PurePosixPath,
    target: Target,
    most: float,
    link: bool,
) -> None:
    try:
        with archive.open(member) as content:
            if link:
                to = content.read(_LINK_BYTES).decode("utf-8", "surrogateescape")
                target.note_link(path, to, path.parent)
            else:
                target.write_file(path, content, most)
    except NotImplementedError:
        method = _METHODS.get(member.compress_type, f"method {member.compress_type}")
        target.cannot_read(path, say("archive.unknown_packing", method=method))
    except DAMAGE:
        target.cannot_read(path, say("archive.member_damaged"))


def _name(member: zipfile.ZipInfo) -> str:
    """The name, with lone surrogates for bytes that are no UTF-8.

    Without the mark of UTF-8 it is as the machine wrote it: macOS in UTF-8 all the same, Korean
    Windows in cp949; zipfile takes it for cp437.
    """
    if member.flag_bits & _UTF8:
        return member.filename
    try:
        return member.orig_filename.encode("cp437").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return member.filename


def _opened(file: BinaryIO, limits: ArchiveLimits) -> zipfile.ZipFile:
    """Raises one of ``DAMAGE``, and ``LimitReached`` before a huge directory fills memory."""
    if _directory_bytes(file) > limits.members * _BYTES_A_MEMBER:
        raise too_many(limits.members)
    file.seek(0)
    return zipfile.ZipFile(file)


def _directory_bytes(file: BinaryIO) -> int:
    """The largest size of the directory that one of the records at the end states."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _END - 76, 0))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22:
        raise zipfile.BadZipFile
    (directory,) = struct.unpack_from("<L", tail, end + 12)
    if tail[max(end - 20, 0) : end].startswith(b"PK\x06\x07"):
        (place,) = struct.unpack_from("<Q", tail, end - 12)
        for longer in {place, size - len(tail) + end - 76}:
            if 0 <= longer <= size - 56:
                file.seek(longer)
                record = file.read(56)
                if record.startswith(b"PK\x06\x06"):
                    directory = max(directory, *struct.unpack_from("<Q", record, 40))
    return int(directory)
