"""Tells each reason once, also if it holds for several items."""

import re
from collections import Counter
from collections.abc import Sequence

_END = re.compile(r"(?<=[.!?])\s+(?=[^\Wa-z_]|['\"])")
LONG = 40  # letters of a sentence that is worth leaving out; short ones say little by themselves


def sentences_of(message: str) -> list[str]:
    return _END.split(message)


def common(messages: Sequence[str]) -> dict[str, str]:
    """For each message what it shares with another, in whole sentences; all of it if nothing."""
    counts = Counter(s for message in set(messages) for s in set(sentences_of(message)))
    found = {}
    for message in messages:
        shared = [s for s in sentences_of(message) if counts[s] > 1 and len(s) >= LONG]
        found[message] = " ".join(shared) or message
    return found


class Telling:
    """Gives the messages of items, one after the other, without the sentences that were told
    before; in place of a whole message that was told it says where."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def __call__(self, item: str, message: str) -> str:
        sentences = sentences_of(message)
        before = {s: self._told[s] for s in sentences if s in self._told}
        for sentence in sentences:
            self._told.setdefault(sentence, item)
        known = [sentence for sentence in before if len(sentence) >= LONG]
        if not known:
            return message
        left = [sentence for sentence in sentences if sentence not in before]
        where = before[known[0]]
        return " ".join(left) or ("As above." if where == item else f"As for {where}.")
