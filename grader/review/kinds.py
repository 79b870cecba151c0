"""When two doubts are the same doubt."""

import re

_QUOTED = re.compile(r"'[^']{0,200}'|\"[^\"]{0,200}\"|`[^`]{0,200}`|“[^”]{0,200}”")
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![A-Za-z0-9_])")
_SETTING = re.compile(r"\b(?:epsilon|sample)_(?:linear|cosine)\b")
LONGEST = 300  # letters that tell doubts apart


def kind_of(message: str) -> str:
    """The message with its numbers, its quoted names and its settings left open.

    What has the same kind is one doubt, whoever it is about.
    """
    text = message[: 4 * LONGEST]
    for pattern, gap in ((_QUOTED, "“…”"), (_SETTING, "…"), (_NUMBER, "…")):
        text = pattern.sub(gap, text)
    return text[:LONGEST]
