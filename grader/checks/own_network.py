"""Code that runs with a network of ours, and not with the notebook's own."""

from collections.abc import Sequence
from typing import Any

from grader.checks.answers import Answer
from grader.checks.verdict import Verdict, needs_review
from grader.messages.message import Said, say
from grader.states import State

SIDE = 28


def own_network_error(check: str, what: Said, answer: Answer) -> Verdict | None:
    """The verdict if the notebook's own ContextUnet did not take a call; None if it did."""
    if answer.own_error is None:
        return None
    error, shape = answer.own_error, answer.own_shape
    if is_larger(shape):
        larger = say("run.own_network_larger", what=what, error=error)
        return needs_review(check, larger, fraction=0, shape=shape)
    return Verdict(check, State.ERROR, 0.0, say("run.own_network", what=what, error=error))


def is_larger(shape: Sequence[Any] | None) -> bool:
    """Whether these are images of one channel that were padded, say; their network may be one that
    this notebook no longer holds."""
    channels, sides = ([], []) if shape is None else (shape[:-2], shape[-2:])
    return all(count == 1 for count in channels) and len(sides) == 2 and sides != [SIDE, SIDE]
