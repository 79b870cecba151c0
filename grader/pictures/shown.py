"""The two ways in which a notebook shows a picture: bytes that can be decoded, or a form that
cannot be read here.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any, TypeAlias

from grader.messages.message import Message, Said, say

MOST_BYTES = 48 * 2**20
DAMAGED = say("form.damaged")


@dataclass(frozen=True)
class Picture:
    """The bytes of a picture, not decoded yet. ``where`` names it to a person.

    ``upside_down``: it is drawn with its first row at the bottom. ``moving``: it is the last one of
    an animation. ``pasted``: it stands in text, and is no output of code.
    """

    data: bytes
    where: Said = ""
    upside_down: bool = False
    moving: bool = False
    pasted: bool = False


@dataclass(frozen=True)
class Unread:
    """A picture in a ``form`` that is not read. ``kept``: who opens the notebook sees it.
    ``moving``: it is an animation or a video. ``pasted``: it stands in text."""

    form: Message
    where: Said = ""
    kept: bool = True
    moving: bool = False
    pasted: bool = False


Shown: TypeAlias = Picture | Unread


def from_base64(text: Any) -> Picture | Unread:
    """What these letters stand for, with line breaks or without, perhaps behind ``data:...,``."""
    letters = text_of(text)
    if letters.startswith("data:"):
        letters = letters.partition(",")[2]
    letters = "".join(letters.replace("\\", " ").split())
    if not letters:
        return Unread(say("form.picture_not_saved"), kept=False)
    if len(letters) > MOST_BYTES * 4 // 3:
        return Unread(say("form.too_large"))
    try:
        return Picture(base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True))
    except (binascii.Error, ValueError):
        return Unread(DAMAGED, kept=False)


def text_of(value: Any) -> str:
    """A text of a notebook, which may be a list of its lines; empty for anything else."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""
