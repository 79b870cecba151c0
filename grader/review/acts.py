"""What a reviewer does: turns an answer to a group into decisions, and takes it back."""

import secrets
from collections.abc import Callable, Collection, Sequence
from typing import Literal

from grader.batch.deciding import decided, undone
from grader.batch.decisions import Decision
from grader.errors import UsageError
from grader.messages.message import say
from grader.review.groups import Doubt

Answer = Literal["accept", "full", "half", "reject", "points", "again", "same"]
ANSWERS: Sequence[Answer] = ("accept", "full", "half", "reject", "points", "again", "same")
UNDO = "undo "


def answer_of(text: str) -> Answer | None:
    """The answer of that name, if there is one."""
    return next((answer for answer in ANSWERS if answer == text), None)


def new_act() -> str:
    """What marks decisions that are made, and undone, together."""
    return secrets.token_hex(6)


def settle(
    doubt: Doubt,
    answer: Answer,
    share: float | None,
    comment: str,
    who: str,
    group: str,
    act: str,
) -> list[Decision]:
    """The decisions that settle a doubt by this answer; ``share`` is the part of the points where
    the answer does not tell it.

    Raises ``UsageError`` where it can be no answer to this doubt.
    """
    given = {target: _points(doubt, target, answer, share) for target in doubt.worth}
    made: list[Decision] = []
    for item in doubt.entry.items:
        if item.id not in doubt.items:
            continue
        stands = [item.decision] if item.decision is not None else []
        for old in [*stands, *item.outlived]:
            if old.target not in given:  # it would stand before, or beside, the new ones
                made.append(decided(doubt.entry, old.target, None, comment, who, act=act))
    made += [
        decided(
            doubt.entry,
            target,
            points,
            comment,
            who,
            group=group,
            act=act,
            worth=doubt.worth[target],
        )
        for target, points in given.items()
    ]
    return made


def _points(doubt: Doubt, target: str, answer: Answer, share: float | None) -> float:
    worth = doubt.worth[target]
    if answer == "accept":
        if doubt.ours:
            raise UsageError(say("review.no_points", name=doubt.entry.label))
        return doubt.automatic[target]
    if answer == "again":
        if target not in doubt.proposed:
            raise UsageError(
                say("review.not_decided_before", target=target, name=doubt.entry.label)
            )
        return min(doubt.proposed[target].worth(worth), worth)
    part = {"full": 1.0, "half": 0.5, "reject": 0.0}.get(answer, share)
    if part is None or not 0 <= part <= 1:
        raise UsageError(say("review.points_from", most=doubt.max_points))
    return round(part * worth, 4)


def last_act(history: Sequence[Decision], who: str) -> str | None:
    """The last act of this person's that was not undone."""
    undone_acts = {made.act[len(UNDO) :] for made in history if made.act.startswith(UNDO)}
    for made in reversed(history):
        mine = made.who == who and made.act and not made.act.startswith(UNDO)
        if mine and made.act not in undone_acts:
            return made.act
    return None


def undo(
    history: Sequence[Decision],
    act: str,
    who: str,
    keys: Callable[[Decision], Collection[str]],
) -> tuple[list[Decision], int]:
    """The decisions that take an act back, and the number of its own last one: what was decided
    after that is not taken back with it. ``keys`` are those by which a student's decisions are
    found. Raises ``UsageError`` if there is no such act."""
    mine = [made for made in history if made.act == act]
    if not mine or act.startswith(UNDO):
        raise UsageError(say("review.nothing_to_undo"))
    if any(made.act == f"{UNDO}{act}" for made in history):
        raise UsageError(say("review.undone_already"))
    return undone(mine, history, who, f"{UNDO}{act}", keys), mine[-1].number
