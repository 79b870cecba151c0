"""What is asked of a model that makes pictures."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from grader.messages.message import Said, say

PIPELINE, LOOP, COMMAND = say("way.pipeline"), say("way.loop"), say("way.command")
UNSEEN = ""
LETTERS = 3  # of a prompt, at least; one that is not Latin may be a syllable or a word
_PLACEHOLDERS = frozenset({"none", "test", "prompt", "your prompt", "your prompt here", "todo"})


@dataclass(frozen=True)
class Asked:
    """One prompt that a model is given; a value that cannot be seen is ``UNKNOWN``.

    ``cell`` is the cell that makes the call, 1-based. ``way``: what takes the prompt, in words;
    ``UNSEEN`` where that is not known. ``runs``: false if the call stands where nothing ever runs.
    """

    cell: int
    prompt: Any
    guidance: Any
    steps: Any
    seed: Any
    negative: Any = None
    way: Said = PIPELINE
    runs: bool = True


def is_trivial(prompt: str) -> bool:
    """Whether these are neither words nor signs to make a picture from."""
    letters = 0
    for sign in prompt:
        if sign.isascii():
            letters += sign.isalpha()
        elif sign.isalpha() or unicodedata.category(sign) == "So":  # emoji among others
            letters += LETTERS
    return letters < LETTERS or words(prompt) in _PLACEHOLDERS


def words(text: str) -> str:
    """In small letters, without punctuation and further spaces."""
    return " ".join(re.findall(r"\w+", text.lower()))
