"""Turns what a TA asks for into decisions, and refuses what is not possible."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from grader.batch.database import now
from grader.batch.decisions import ALIKE, SECOND, TILES, Decision
from grader.batch.gradebook import Entry, GradedItem
from grader.digits.readings import TileReading
from grader.errors import UsageError
from grader.messages.message import Said, say


def decided(
    entry: Entry,
    target: str,
    points: float | None,
    comment: str,
    who: str,
    *,
    group: str = "",
    act: str = "",
    worth: float | None = None,
) -> Decision:
    """The decision on an item, a check or a tile of this student; ``points`` None withdraws.
    ``worth`` is what the target was worth when it was decided, where that is told; then it is taken
    over as it was, also behind a decision on the item as a whole.

    Raises ``UsageError`` if there is no such target, or if it is worth less.
    """
    item, by_now, before = _found(entry, target)
    taken_over, worth = worth is not None, by_now if worth is None else worth
    if points is not None and not 0 <= points <= worth:
        raise UsageError(say("decision.worth", target=target, most=worth))
    behind = item.decision is not None and target != item.id
    if points is not None and behind and not taken_over:
        who = item.decision.who if item.decision else ""
        raise UsageError(
            say("decision.as_a_whole", item=item.id, name=entry.label, points=item.points, who=who)
        )
    return Decision(
        entry.label,
        target,
        None if points is None else float(points),
        comment,
        who,
        now(),
        _seen(entry),
        entry.row["owner"] or None,
        before,
        worth,
        group=group,
        act=act,
    )


def decide_by_word(
    entry: Entry, target: str, word: str, comment: str, who: str, act: str = ""
) -> Decision:
    """A decision that is no points: on likeness, or a second look."""
    if not target.startswith((ALIKE, SECOND)):
        raise UsageError(f"{target} takes points, not {word!r}.")
    return Decision(
        entry.label,
        target,
        None,
        comment,
        who,
        now(),
        _seen(entry),
        entry.row["owner"] or None,
        word=word,
        act=act,
    )


def accepted(entry: Entry, target: str) -> dict[str, float]:
    """What is in doubt at this item or check, each with the points that it has by itself."""
    item, _, _ = _found(entry, target)
    left = [check for check in item.left if target in (item.id, check.id)]
    if left:
        return {check.id: check.points for check in left}
    old = [o.target for o in item.outlived if o.target in (target, item.id)]
    if not old:
        raise UsageError(f"Nothing is in doubt at {target} of {entry.label}.")
    return {name: _itself(item, name) for name in old if " " not in name}


def undone(
    decisions: Sequence[Decision],
    history: Sequence[Decision],
    who: str,
    act: str,
    keys: Callable[[Decision], Collection[str]] = lambda made: [made.key],
) -> list[Decision]:
    """What brings back the state before these; ``history`` is all that was ever decided, ``keys``
    tells by which keys all of it that is on the same student is found.

    What comes back is about the file that was seen then: for another one it is proposed again.
    """
    before: dict[tuple[str, str], list[Decision]] = {}
    for old in history:
        before.setdefault((old.key, old.target), []).append(old)
    found = []
    for made in decisions:
        earlier = [
            old
            for key in {made.key, *keys(made)}
            for old in before.get((key, made.target), ())
            if old.number < made.number
        ]
        nothing = replace(made, points=None, word="", comment="")
        last = max(earlier, key=lambda old: old.number, default=nothing)
        back = replace(last, label=made.label, owner=made.owner, before=made.points)
        found.append(replace(back, who=who, made=now(), act=act, number=0))
    return found


def _seen(entry: Entry) -> str:
    return entry.result.sha256 if entry.result else ""


def _found(entry: Entry, target: str) -> tuple[GradedItem, float, float]:
    """The item that a target belongs to, what the target is worth, and which points stand."""
    for item in entry.items:
        if target == item.id:
            return item, item.max_points, item.points
        for check in item.checks:
            if target == check.id:
                return item, check.max_points, item.points_of(check)
        number = target.removeprefix(f"{TILES} ")
        if item.id == TILES.partition(".")[0] and number != target:
            tiles = entry.result.digits.tiles if entry.result else ()
            if number.isdecimal() and int(number) < len(tiles):
                return item, 1.0, _clear(item, tiles, int(number))
    raise UsageError(unknown(entry, target))


def _clear(item: GradedItem, tiles: Sequence[TileReading], number: int) -> float:
    made = item.tiles.get(number)
    return float(made.points or 0) if made else float(tiles[number].clear)


def _itself(item: GradedItem, target: str) -> float:
    """The points that the grader gives."""
    checks = {check.id: check.points for check in item.checks}
    return item.automatic if target == item.id else checks.get(target, 0.0)


def unknown(entry: Entry, target: str) -> Said:
    """What there is instead."""
    if not entry.items:
        return say("decision.no_result", name=entry.label)
    for item in entry.items:
        if target.partition(".")[0] == item.id:
            checks = ", ".join(check.id for check in item.checks)
            return f"{entry.label} has no check {target!r} (there are: {checks})."
    items = ", ".join(item.id for item in entry.items)
    return f"{entry.label} has no item {target!r} (there are: {items})."
