"""What people decided: a row each, never changed; the last one of a target counts.

A target is what is decided on: an item (``loss``), a check (``loss.epsilon``), a tile of the
samples (``image_quality.clear_digits 37``), whether two are alike (``alike code …``), or a second
look at what somebody decided (``second loss.epsilon``). While an item is decided as a whole, the
decisions on its checks wait behind it, and those on tiles behind that on their check.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.errors import GraderError
from grader.messages.message import say

TILES = "image_quality.clear_digits"
SECOND, ALIKE = "second ", "alike "
NOTHING = ""  # in place of a file's hash: there was none


@dataclass(frozen=True)
class Decision:
    """A person's points for a target, and why; ``points`` None withdraws an earlier decision.

    ``sha256`` is that of the submission which the person saw, ``owner`` its sender as the batch
    tells senders apart; both are None in a journal of before. ``before``: the points that stood;
    ``out_of``: what the target was worth, by which points follow a changed rubric; ``word``: a
    decision that is no points; ``group``: the group of doubts it was made for; ``act``: the same
    for all that were made, and are undone, together; ``number``: its place in the journal.
    """

    label: str
    target: str
    points: float | None
    comment: str
    who: str
    made: str
    sha256: str | None = None
    owner: str | None = None
    before: float | None = None
    out_of: float | None = None
    word: str = ""
    group: str = ""
    act: str = ""
    number: int = 0

    @property
    def key(self) -> str:
        """Whose it is: the sender's, whatever folder the grades are in by now."""
        return self.owner or label_key(self.label)

    @property
    def withdrawn(self) -> bool:
        return self.points is None and not self.word

    def worth(self, max_points: float) -> float:
        """Its points where the target is worth ``max_points`` by now."""
        if self.points is None or self.out_of in (None, 0, max_points):
            return self.points or 0.0
        return round(self.points * max_points / float(self.out_of or 1), 2)


class Overtaken(GraderError):
    """Somebody else decided on the same meanwhile; ``decisions`` are theirs."""

    def __init__(self, decisions: Sequence[Decision]) -> None:
        last, more = decisions[-1], len(decisions) - 1
        name = say("decision.and_more", name=last.label, count=more) if more else last.label
        gave = say("decision.withdrawn")
        if last.points is not None:
            gave = say("decision.gave", points=last.points)
        when = last.made[:16].replace("T", " ")
        values = {"who": last.who, "target": last.target, "name": name, "when": when}
        super().__init__(say("decision.overtaken", what=last.word or gave, **values))
        self.decisions = decisions


def label_key(label: str) -> str:
    """As ``Decision.key`` where the sender is not known."""
    return f"label {label}"


def item_of(target: str) -> str:
    """The item that a target belongs to; of others all that tells them apart."""
    if target.startswith((SECOND, ALIKE)):
        return target
    return target.partition(" ")[0].partition(".")[0]


def touches(one: str, other: str) -> bool:
    """Whether a decision on one target changes what counts of the other."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    return long.startswith((f"{short}.", f"{short} "))


class Decisions:
    """The decisions that stand, by sender; ``add`` them in the order in which they were made."""

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self._by_key: dict[str, dict[str, Decision]] = {}
        self.add(decisions)

    def add(self, decisions: Iterable[Decision]) -> None:
        for decision in decisions:
            self._by_key.setdefault(decision.key, {})[decision.target] = decision

    def of(self, keys: Sequence[str]) -> Mapping[str, Decision]:
        """By target, those of the sender who has these keys; without what was withdrawn."""
        found: dict[str, Decision] = {}
        for key in keys:
            for target, decision in self._by_key.get(key, {}).items():
                if target not in found or decision.number > found[target].number:
                    found[target] = decision
        return {target: made for target, made in found.items() if not made.withdrawn}

    def every(self) -> Iterator[Decision]:
        """The last one of each target, those that withdraw one as well."""
        for found in self._by_key.values():
            yield from found.values()
