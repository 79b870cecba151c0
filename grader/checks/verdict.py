"""What a check says before the rubric turns it into points."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.bounded import TooMuch
from grader.messages.message import Message, Said, say, sentence
from grader.sandbox import Outcome, Status
from grader.sandbox.text import clean_said
from grader.states import State

_STATES = {
    Status.error: State.ERROR,
    Status.timeout: State.TIMEOUT,
    Status.out_of_memory: State.OUT_OF_MEMORY,
    Status.killed: State.KILLED,
    Status.doubtful: State.NEEDS_REVIEW,
    Status.infra_error: State.INFRA_ERROR,
}
_ENDINGS = {
    Status.error: "run.raised",
    Status.timeout: "run.timeout",
    Status.out_of_memory: "run.out_of_memory",
    Status.killed: "run.killed",
    Status.infra_error: "run.infra_error",
}

NO_END = (State.TIMEOUT, State.KILLED, State.OUT_OF_MEMORY)


@dataclass(frozen=True)
class Verdict:
    """``fraction`` of the check's points that is earned, in [0, 1]; provisional under review.

    ``said``: what the check says, a message with an id, or a sentence that has none. What it quotes
    of the student's is made safe to show.

    ``measured``: for the TA, what loss and sampler were measured to be, by what it tells about.
    """

    check: str
    state: State
    fraction: float
    said: Said
    details: Mapping[str, Any] = field(default_factory=dict)
    measured: Mapping[str, Said] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "said", clean_said(self.said))

    @property
    def message(self) -> str:
        """The sentence in English."""
        return sentence(self.said)

    @property
    def right(self) -> bool:
        """Whether later checks may build on what was judged here."""
        return self.state in (State.PASSED, State.NEEDS_REVIEW) and self.fraction == 1


def passed(check: str, said: Said, **details: Any) -> Verdict:
    return Verdict(check, State.PASSED, 1.0, said, details)


def failed(check: str, said: Said, **details: Any) -> Verdict:
    return Verdict(check, State.FAILED, 0.0, said, details)


def partial(check: str, fraction: float, said: Said, **details: Any) -> Verdict:
    return Verdict(check, State.PARTIAL, fraction, said, details)


def missing(check: str, said: Said, **details: Any) -> Verdict:
    return Verdict(check, State.MISSING, 0.0, said, details)


def needs_review(check: str, said: Said, fraction: float = 1.0, **details: Any) -> Verdict:
    return Verdict(check, State.NEEDS_REVIEW, fraction, said, details)


def skipped(check: str, said: Said) -> Verdict:
    """Not judged here: no points given or taken."""
    return Verdict(check, State.SKIPPED, 0.0, said)


def not_judged(check: str, what: Said | Exception) -> Verdict:
    """What came of the student's work is of a kind that the grader did not foresee, or too much to
    be read: no reason to take points, and none to try again."""
    if isinstance(what, Exception):
        what = what.said if isinstance(what, TooMuch) else type(what).__name__
    return Verdict(check, State.NEEDS_REVIEW, 0.0, say("run.unforeseen", reason=what))


def not_run(check: str, what: Said, outcome: Outcome) -> Verdict:
    """The verdict when the student's code did not come to an end: it raised, hung or died."""
    details = {"raised": outcome.message, "traceback": outcome.traceback}
    return Verdict(check, _STATES[outcome.status], 0.0, ending(what, outcome), details)


def ending(what: Said, outcome: Outcome) -> Message:
    """How it ended."""
    if outcome.status is Status.doubtful:
        return say("run.doubtful", what=what, reason=outcome.said)
    return say(_ENDINGS[outcome.status], what=what, message=outcome.said)
