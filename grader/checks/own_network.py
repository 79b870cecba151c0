"""Code that runs with a network of ours, and not with the notebook's own."""

from collections.abc import Mapping
from typing import Any

from grader.checks.verdict import Verdict, needs_review
from grader.messages.message import Said, say
from grader.results import State

SIDE = 28


def own_network_error(check: str, what: Said, facts: Mapping[str, Any]) -> Verdict | None:
    """The verdict if the notebook's own ContextUnet did not take a call; None if it did."""
    if "own_error" not in facts:
        return None
    error, shape = str(facts["own_error"]), facts.get("own_shape")
    if is_larger(shape):
        larger = say("run.own_network_larger", what=what, error=error)
        return needs_review(check, larger, fraction=0, shape=shape)
    return Verdict(check, State.ERROR, 0.0, say("run.own_network", what=what, error=error))


def is_larger(shape: Any) -> bool:
    """Whether these are images of one channel that were padded, say; their network may be one that
    this notebook no longer holds."""
    channels, sides = (shape[:-2], shape[-2:]) if isinstance(shape, list) else ([], [])
    return all(count == 1 for count in channels) and len(sides) == 2 and sides != [SIDE, SIDE]
