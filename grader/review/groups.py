"""The queue: doubts that are alike are one group, which is settled by one decision."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from grader.assignment import SETTING_ITEMS
from grader.batch.decisions import Decision
from grader.batch.gradebook import OPEN, Entry, GradedItem
from grader.batch.telling import common
from grader.messages.message import Said, say
from grader.results import CheckResult
from grader.review.kinds import kind_of

SETTINGS = "settings"
AGAIN = say("review.again")


@dataclass(frozen=True)
class Doubt:
    """What one student's share in a group is: ``targets`` with what each is worth and has by
    itself; ``decisions`` that settle them; ``proposed``: the points of those that were made for
    another file."""

    entry: Entry
    items: tuple[str, ...]
    message: Said
    worth: Mapping[str, float]
    automatic: Mapping[str, float]
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    proposed: Mapping[str, Decision] = field(default_factory=dict)
    ours: bool = False  # a fault of the grader's: what it has by itself is no judgement

    @property
    def settled(self) -> bool:
        return set(self.decisions) >= set(self.worth)

    @property
    def max_points(self) -> float:
        return round(sum(self.worth.values()), 2)

    @property
    def points(self) -> float:
        """What it has by itself."""
        return round(sum(self.automatic.values()), 2)

    @property
    def given(self) -> float:
        """What people gave, as far as they have."""
        return round(sum(d.worth(self.worth[t]) for t, d in self.decisions.items()), 2)

    @property
    def last(self) -> Decision | None:
        return max(self.decisions.values(), key=lambda made: made.number, default=None)


@dataclass(frozen=True)
class Group:
    """All who have the same doubt, which arose at these ``items``."""

    id: str
    items: tuple[str, ...]
    kind: Said
    doubts: Sequence[Doubt]

    @cached_property
    def open(self) -> list[Doubt]:
        return [doubt for doubt in self.doubts if not doubt.settled]

    @cached_property
    def done(self) -> list[Doubt]:
        return [doubt for doubt in self.doubts if doubt.settled]

    @cached_property
    def same(self) -> bool:
        """Whether the message is the same for all, to the last number."""
        return len({doubt.message for doubt in self.doubts}) == 1

    @property
    def title(self) -> Said:
        """The kind itself, or the message where all have the same."""
        return self.doubts[0].message if self.same else self.kind

    @property
    def max_points(self) -> float:
        return max(doubt.max_points for doubt in self.doubts)

    @property
    def like_the_others(self) -> Decision | None:
        """The last decision of this group, which is proposed to those who joined later."""
        made = [doubt.last for doubt in self.done if doubt.last and doubt.last.group == self.id]
        return max(made, key=lambda decision: decision.number, default=None)

    def share_of(self, decision: Decision) -> float | None:
        """The part of the points that a decision gave, with all that was given with it."""
        for doubt in self.done:
            if decision in doubt.decisions.values() and doubt.max_points:
                return doubt.given / doubt.max_points
        return None


def group_id(items: Sequence[str], kind: Said) -> str:
    text = kind if isinstance(kind, str) else json.dumps(kind.to_json(), sort_keys=True)
    return hashlib.sha256("\n".join([*items, text]).encode("utf-8", "replace")).hexdigest()[:12]


Doubts = Sequence[tuple[Said, Doubt]]


def grouped(students: Iterable[Doubts]) -> list[Group]:
    """All groups of these, those with the most open doubts first."""
    found: dict[tuple[tuple[str, ...], Said], list[Doubt]] = {}
    for doubts in students:
        for kind, doubt in doubts:
            found.setdefault((families(doubt.items), kind), []).append(doubt)
    groups = [
        Group(group_id(items, kind), items, kind, doubts) for (items, kind), doubts in found.items()
    ]
    return sorted(groups, key=lambda g: (-len(g.open), -len(g.doubts), g.items, str(g.kind)))


def families(items: Sequence[str]) -> tuple[str, ...]:
    """The items, the four settings as one."""
    names = [SETTINGS if item in SETTING_ITEMS else item for item in items]
    return tuple(dict.fromkeys(names))


def doubts_of(entry: Entry) -> list[tuple[Said, Doubt]]:
    """A student's doubts, settled or not, each with its kind."""
    if entry.result is None:
        return []
    rejected = entry.result.status == "rejected"
    doubtful: list[tuple[GradedItem, CheckResult, Said]] = [
        (item, check, check.said)
        for item in entry.items
        for check in item.checks
        if check.status in OPEN or rejected
    ]
    shared = common([said for _, _, said in doubtful])
    alike: dict[Said, list[tuple[GradedItem, CheckResult]]] = {}
    messages: dict[Said, Said] = {}
    for item, check, said in doubtful:
        kind = kind_of(shared[said])
        messages.setdefault(kind, shared[said])
        alike.setdefault(kind, []).append((item, check))
    found = [(kind, _doubt(entry, messages[kind], parts)) for kind, parts in alike.items()]
    asked = {target for _, doubt in found for target in doubt.worth}
    return found + _again(entry, asked)


def _doubt(entry: Entry, message: Said, parts: Sequence[tuple[GradedItem, CheckResult]]) -> Doubt:
    decisions: dict[str, Decision] = {}
    proposed: dict[str, Decision] = {}
    for item, check in parts:
        if item.decision is not None:
            share = item.points / item.max_points if item.max_points else 0.0
            decisions[check.id] = _part(item.decision, check, share)
        elif check.id in item.decided:
            decisions[check.id] = item.decided[check.id]
        for old in item.outlived:
            if old.target == check.id:
                proposed[check.id] = old
            elif old.target == item.id and old.out_of:
                share = (old.points or 0) / old.out_of
                proposed[check.id] = _part(old, check, share)
    return Doubt(
        entry,
        tuple(dict.fromkeys(item.id for item, _ in parts)),
        message,
        {check.id: check.max_points for _, check in parts},
        {check.id: check.points for _, check in parts},
        decisions,
        proposed,
        ours=any(check.status == "infra_error" for _, check in parts),
    )


def _part(whole: Decision, check: CheckResult, share: float) -> Decision:
    """What a decision on an item means for one of its checks."""
    worth = check.max_points
    return replace(whole, points=round(share * worth, 4), out_of=worth)


def _again(entry: Entry, asked: set[str]) -> list[tuple[Said, Doubt]]:
    """Decisions for another file on what is in no doubt by itself."""
    found: list[tuple[Said, Doubt]] = []
    for item in entry.items:
        checks = {check.id: check for check in item.checks}
        left: dict[str, Decision] = {}
        for old in item.outlived:
            covered = asked.intersection(checks) if old.target == item.id else {old.target} & asked
            if not covered and " " not in old.target and old.target in (item.id, *checks):
                left[old.target] = old
        if not left:
            continue
        worth = {t: checks[t].max_points if t in checks else item.max_points for t in left}
        own = {t: checks[t].points if t in checks else item.automatic for t in left}
        found.append((AGAIN, Doubt(entry, (item.id,), AGAIN, worth, own, {}, left)))
    return found
