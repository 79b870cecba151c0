"""Who of several reviewers meets which group, and which decisions are looked at twice."""

import hashlib
from collections.abc import Iterable, Sequence

from grader.batch.decisions import ALIKE, SECOND, Decision

SAMPLE = 10  # of a hundred that are settled, and at least
FEWEST = 5


def weight(*words: str) -> int:
    """A number that follows from the words and looks drawn."""
    text = "\n".join(words).encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def reviewer_of(group: str, reviewers: Sequence[str]) -> str | None:
    """Whose share a group is in; who joins later takes groups over, and nobody else's move."""
    return max(reviewers, key=lambda name: (weight(name, group), name), default=None)


def sample(standing: Iterable[Decision], who: str) -> list[Decision]:
    """Decisions by others that this reviewer may look at again: the same ones every time."""
    found = [
        made
        for made in standing
        if made.who != who
        and made.points is not None
        and " " not in made.target
        and not made.target.startswith((SECOND, ALIKE))
    ]
    found.sort(key=lambda made: weight("second", made.key, made.target))
    return found[: max(FEWEST, -(-len(found) * SAMPLE // 100))]
