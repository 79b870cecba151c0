"""Tells each reason once, also if it holds for several items."""

from collections import Counter
from collections.abc import Sequence

from grader.messages.message import Said, parts_of, say, sentence, together

LONG = 40  # letters of a sentence that is worth leaving out; short ones say little by themselves


def common(messages: Sequence[Said]) -> dict[Said, Said]:
    """For each message what it shares with another, in whole parts; all of it if nothing."""
    counts = Counter(part for message in set(messages) for part in set(parts_of(message)))
    found: dict[Said, Said] = {}
    for message in messages:
        shared = [part for part in parts_of(message) if counts[part] > 1 and is_worth_it(part)]
        found[message] = together(*shared) or message
    return found


def is_worth_it(part: Said) -> bool:
    return len(sentence(part)) >= LONG


class Telling:
    """Gives the messages of items, one after the other, without the parts that were told before;
    in place of a whole message that was told it says where."""

    def __init__(self) -> None:
        self._told: dict[Said, str] = {}

    def __call__(self, item: str, message: Said) -> Said:
        parts = list(parts_of(message))
        before = {part: self._told[part] for part in parts if part in self._told}
        for part in parts:
            self._told.setdefault(part, item)
        known = [part for part in before if is_worth_it(part)]
        if not known:
            return message
        left = [part for part in parts if part not in before]
        where = before[known[0]]
        above = say("telling.above") if where == item else say("telling.as_for", item=where)
        return together(*left) or above
