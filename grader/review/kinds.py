"""When two doubts are the same doubt."""

import re
from typing import Any

from grader.messages.message import Message, Said

_QUOTED = re.compile(r"'[^']{0,200}'|\"[^\"]{0,200}\"|`[^`]{0,200}`|“[^”]{0,200}”")
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![A-Za-z0-9_])")
_SETTING = re.compile(r"\b(?:epsilon|sample)_(?:linear|cosine)\b")
OPEN = "…"
LONGEST = 300  # letters that tell doubts apart


def kind_of(said: Said) -> Said:
    """What is said, with numbers, quoted names, prediction types and settings left open.

    What has the same kind is one doubt, whoever it is about.
    """
    if isinstance(said, str):
        return _opened(said)
    return Message(said.id, {name: _kind_of(name, value) for name, value in said.values.items()})


def _kind_of(name: str, value: Any) -> Said:
    if name == "prediction" or not isinstance(value, Said):
        return OPEN
    return kind_of(value)


def _opened(text: str) -> str:
    text = text[: 4 * LONGEST]
    for pattern, gap in ((_QUOTED, f"“{OPEN}”"), (_SETTING, OPEN), (_NUMBER, OPEN)):
        text = pattern.sub(gap, text)
    return text[:LONGEST]
