"""Very large notebooks: their outputs are left out before anything is parsed.

The file is mapped, not read, and looked through once, token by token: its sources stay, and of its
outputs the last pictures and the last texts.
"""

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from grader.intake.mending import STRING, TOKEN

PICTURES, TEXTS, REST = 64 * 2**20, 16 * 2**20, 32 * 2**20  # bytes that are kept
DEEPEST = 50  # brackets inside one output
_TOKEN = re.compile(
    rf"{STRING}(?:\s*+,\s*+{STRING})*+|{TOKEN}".encode(), re.DOTALL
)  # lines at once
_PICTURES = (b'"image/', b"data:image/", b'"video/', b"data:video/")
_MOST_TOKENS, _MOST_OPEN = 10_000_000, 1_000_000
_KEY = 16  # bytes that are enough to tell the keys that are looked for
_LEFT_OUT = b"0"  # a value that is no output


class TooLarge(Exception):
    """What must not be left out is too large, too."""


@dataclass
class _Output:
    start: int
    end: int
    deep: bool
    picture: bool = False
    kept: bool = False

    @property
    def size(self) -> int:
        return self.end - self.start


@dataclass
class Slim:
    """``data`` is the notebook with fewer outputs; how many pictures and other outputs are not in
    it."""

    data: bytes
    pictures: int = 0
    others: int = 0


def slim(data: bytes | mmap.mmap) -> Slim:
    """The notebook without the outputs for which there is no room, and without those that are
    nested too deeply. ``data`` is in UTF-8 or another superset of ASCII.

    Raises ``TooLarge``.
    """
    outputs = list(_outputs(data))
    for output in outputs:
        output.picture = any(data.find(p, output.start, output.end) >= 0 for p in _PICTURES)
    if len(data) - sum(output.size for output in outputs) > REST:
        raise TooLarge
    left = {True: PICTURES, False: TEXTS}
    for output in reversed(outputs):  # the last ones are what counts
        if not output.deep and output.size <= left[output.picture]:
            output.kept = True
            left[output.picture] -= output.size
    found, place = Slim(b""), 0
    pieces: list[bytes] = []
    for output in outputs:
        if not output.kept:
            pieces += [data[place : output.start], _LEFT_OUT]
            place = output.end
            found.pictures += output.picture
            found.others += not output.picture
    found.data = b"".join([*pieces, data[place : len(data)]])
    return found


def _outputs(data: bytes | mmap.mmap) -> Iterator[_Output]:
    """The objects in the lists ``outputs`` of the cells."""
    keys: list[bytes] = []  # of each open bracket, the key or "" under which it stands
    key = last = b""
    start, deepest = 0, 0
    tokens = _TOKEN.finditer(data)
    for match in islice(tokens, _MOST_TOKENS):
        first = data[match.start() : match.start() + 1]
        if first == b'"' and match.end() == match.start() + 1:
            return  # a text that does not end
        if first in b"[{":
            keys.append(key)
            key = b""
            if len(keys) > _MOST_OPEN:
                raise TooLarge
            if len(keys) == 5 and keys[1] == b'"cells"' and keys[3] == b'"outputs"':
                start, deepest = match.start(), 0
            deepest = max(deepest, len(keys))
        elif first in b"]}":
            if len(keys) == 5 and keys[1] == b'"cells"' and keys[3] == b'"outputs"':
                yield _Output(start, match.end(), deepest > DEEPEST)
            del keys[-1:]
            key = b""
        elif first == b":":
            key = last
        elif first == b",":
            key = b""
        else:
            tail = data[max(match.start(), match.end() - _KEY) : match.end()]
            last = tail[tail.rfind(b'"', 0, -1) :]
    if next(tokens, None) is not None:
        raise TooLarge
