"""Each reason is told once: what holds for several items is not said again at each of them."""

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
    """Gives an item's message without the sentences that an earlier item has told; all of them
    replaced by the earlier item's name."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def __call__(self, item: str, message: str) -> str:
        sentences = sentences_of(message)
        before = {s: self._told[s] for s in sentences if self._told.get(s, item) != item}
        for sentence in sentences:
            if len(sentence) >= LONG:
                self._told.setdefault(sentence, item)
        left = [sentence for sentence in sentences if sentence not in before]
        if not left:
            return f"As for {before[sentences[0]]}."
        return " ".join(left)
