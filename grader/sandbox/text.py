"""Makes text that came out of the student's process safe to print and store."""

import re
import unicodedata
from typing import Any

from grader.messages.message import Message, Said

MESSAGE_CHARACTERS = 500
TRACEBACK_CHARACTERS = 8000

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours and cursor movements
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # window titles, hyperlinks
    r"|\x1b."
)
_KEPT = frozenset("\n\t")
_DROPPED = frozenset({"Cc", "Cs", "Co", "Cn"})
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str, characters: int | None = None) -> str:
    """``text`` without escape sequences, control, lone surrogate and text-reversing characters.

    Longer texts than ``characters`` lose their middle.
    """
    if text.isascii() and text.isprintable() and len(text) <= (characters or len(text)):
        return text  # as most are
    if characters is not None and len(text) > 20 * characters:  # don't scan megabytes
        text = text[: 10 * characters] + text[-10 * characters :]
    text = _ESCAPES.sub("", text)
    text = "".join(
        c
        for c in text
        if c in _KEPT or (unicodedata.category(c) not in _DROPPED and c not in _BIDI)
    )
    if characters is None or len(text) <= characters:
        return text
    half = (characters - 5) // 2
    return f"{text[:half]} ... {text[-half:]}"


def one_line(text: str) -> str:
    """``text`` cleaned, on one line, cut to a message's length."""
    return " ".join(clean(text, 2 * MESSAGE_CHARACTERS).split())[:MESSAGE_CHARACTERS]


def clean_said(said: Said) -> Said:
    """The same, with everything that it quotes cleaned."""
    if isinstance(said, str):
        return clean(said)
    return Message.from_json(clean_tree(said.to_json()))


def clean_tree(value: Any) -> Any:
    """A JSON value with every string in it, keys too, cleaned."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [clean_tree(item) for item in value]
    if isinstance(value, dict):
        return {clean(str(key)): clean_tree(item) for key, item in value.items()}
    return value
