"""Decodes the bytes of a text file from any editor."""

import contextlib
import io
import json
import re
from typing import Any

from grader.messages.message import Message, Said, say

detector: Any = None
with contextlib.suppress(ImportError):  # students need not have it for the self-check
    import charset_normalizer as detector

LEGACY = ("cp949", "cp932", "gb18030", "big5", "cp1252")
"""What Windows writes where it does not write UTF-8: in Korea first."""
_SAMPLE = 1 << 15  # bytes of the lines that are no ASCII
_BAD, _GOOD = re.compile("[\udc80-\udcff]"), re.compile("[^\x00-\x7f\udc80-\udcff]")


def text_of(data: bytes, name: str) -> tuple[str, Said]:
    """The text of a file, without zero bytes; and what is to be said if it is not UTF-8."""
    encoding: str = json.detect_encoding(data) if data[:4].strip(b"\0") else "utf-8"
    if encoding.startswith(("utf-16", "utf-32")):
        return data.decode(encoding, "replace").replace("\0", ""), _said(name, encoding.upper())
    data = data.removeprefix(b"\xef\xbb\xbf")
    note: Said = ""
    if b"\0" in data:
        data, note = data.replace(b"\0", b""), say("notebook.zero_bytes", name=name)
    try:
        return data.decode(), note
    except UnicodeDecodeError:
        marked = data.decode("utf-8", "surrogateescape")
    bad, good = (sum(1 for _ in kind.finditer(marked)) for kind in (_BAD, _GOOD))
    if good > bad:
        return _BAD.sub("\ufffd", marked), say("notebook.some_no_utf8", name=name)
    encoding = _guessed(data)
    return data.decode(encoding, "replace"), _said(name, encoding)


def _said(name: str, encoding: str) -> Message:
    return say("notebook.encoding", name=name, encoding=encoding)


def _guessed(data: bytes) -> str:
    """Which of ``LEGACY`` it is, by some of the lines that are no ASCII."""
    sample = b""
    for line in io.BytesIO(data):
        if not line.isascii():
            sample += line[: _SAMPLE - len(sample)]
        if len(sample) >= _SAMPLE:
            break
    if detector is not None:
        best = detector.from_bytes(sample, cp_isolation=list(LEGACY)).best()
        if best is not None:
            return str(best.encoding)
    for encoding in LEGACY:
        with contextlib.suppress(UnicodeDecodeError):
            sample.decode(encoding)
            return encoding
    return LEGACY[-1]
