"""Names of files as archives and students write them: made safe to use, and safe to show."""

import hashlib
import re
import unicodedata
from pathlib import PurePath, PurePosixPath

from grader.messages.message import Said, say

DEEPEST = 32
LONGEST = 200  # bytes of one part of a path; file systems allow 255
_DRIVE = re.compile(r"^[A-Za-z]:(?=[\\/])")
_JUNK_FOLDERS = {"__macosx", "__pycache__", ".git", ".venv", ".cache", ".trash"}
_JUNK_FILES = {".ds_store", "desktop.ini", "thumbs.db", "icon\r"}


def safe_path(name: str) -> tuple[PurePosixPath | None, Said]:
    """Where a member of this name may lie below a folder, and what had to be changed for that.

    Bytes that are no UTF-8 are read as Korean Windows writes them. Folders of Windows are
    understood, leading slashes and steps out of the folder are dropped. None if nothing is left,
    or if it is nested too deeply.
    """
    if len(name) > DEEPEST * LONGEST * 2:
        return None, ""
    changed: Said = ""
    text = readable(name).replace("\\", "/").split("\0")[0]
    shorter = _DRIVE.sub("", text)
    if shorter != text or text.startswith("/"):
        changed = say("archive.absolute_path")
    parts: list[str] = []
    for part in shorter.split("/"):
        if part == "..":
            changed = changed if parts else say("archive.path_outside")
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(_short(part))
    if not parts or len(parts) > DEEPEST:
        return None, changed
    return PurePosixPath(*parts), changed


def readable(name: str) -> str:
    """A name without lone surrogates, which stand for bytes that are no UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raw = _bytes_of(name)
        try:
            name = raw.decode("cp949")
        except UnicodeDecodeError:
            name = raw.decode("utf-8", "backslashreplace").replace("\\", "_")
    return unicodedata.normalize("NFC", name)


def _bytes_of(name: str) -> bytes:
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return name.encode("utf-8", "replace")


def _short(part: str) -> str:
    raw = part.encode()
    if len(raw) <= LONGEST:
        return part
    ending = PurePosixPath(part).suffix[:20]
    kept = raw[: LONGEST - 30 - len(ending.encode())].decode("utf-8", "ignore")
    return f"{kept}~{hashlib.sha256(raw).hexdigest()[:8]}{ending}"


def is_junk(path: PurePath) -> bool:
    """Whether a system or an editor left it there: nothing that a student made."""
    folders, name = {part.lower() for part in path.parts}, path.name.lower()
    return bool(folders & _JUNK_FOLDERS) or name.startswith("._") or name in _JUNK_FILES


def printable(name: str) -> str:
    """A file name that is safe to show: no control characters, at most 80 characters."""
    clean = "".join(c if c.isprintable() else "?" for c in name[:81])
    return clean if len(clean) <= 80 else clean[:77] + "..."
