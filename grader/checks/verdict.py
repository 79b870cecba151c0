"""What a check says before the rubric turns it into points."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.bounded import TooMuch
from grader.results import State
from grader.sandbox import Outcome, Status
from grader.sandbox.text import clean

_STATES = {
    Status.error: State.ERROR,
    Status.timeout: State.TIMEOUT,
    Status.out_of_memory: State.OUT_OF_MEMORY,
    Status.killed: State.KILLED,
    Status.doubtful: State.NEEDS_REVIEW,
    Status.infra_error: State.INFRA_ERROR,
}


REVIEW = "A TA will review it."


@dataclass(frozen=True)
class Verdict:
    """``fraction`` of the check's points that is earned, in [0, 1]; provisional under review. What
    the message quotes of the student's is made safe to show.

    ``measured``: for the TA, what was measured, each number by what it is called in words.
    """

    check: str
    state: State
    fraction: float
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", clean(self.message))

    @property
    def right(self) -> bool:
        """Whether later checks may build on what was judged here."""
        return self.state in (State.PASSED, State.NEEDS_REVIEW) and self.fraction == 1


def passed(check: str, message: str, **details: Any) -> Verdict:
    return Verdict(check, State.PASSED, 1.0, message, details)


def failed(check: str, message: str, **details: Any) -> Verdict:
    return Verdict(check, State.FAILED, 0.0, message, details)


def partial(check: str, fraction: float, message: str, **details: Any) -> Verdict:
    return Verdict(check, State.PARTIAL, fraction, message, details)


def missing(check: str, message: str, **details: Any) -> Verdict:
    return Verdict(check, State.MISSING, 0.0, message, details)


def needs_review(check: str, message: str, fraction: float = 1.0, **details: Any) -> Verdict:
    return Verdict(check, State.NEEDS_REVIEW, fraction, message, details)


def skipped(check: str, message: str) -> Verdict:
    """Not judged here: no points given or taken."""
    return Verdict(check, State.SKIPPED, 0.0, message)


def not_judged(check: str, what: str | Exception) -> Verdict:
    """What came of the student's work is of a kind that the grader did not foresee, or too much to
    be read: no reason to take points, and none to try again."""
    if isinstance(what, Exception):
        what = str(what) if isinstance(what, TooMuch) else type(what).__name__
    text = f"The grader could not judge this ({what}). {REVIEW}"
    return Verdict(check, State.NEEDS_REVIEW, 0.0, text)


def not_run(check: str, what: str, outcome: Outcome) -> Verdict:
    """The verdict when the student's code did not come to an end: it raised, hung or died."""
    state, said = _STATES[outcome.status], outcome.message.rstrip(".")
    sentence = {
        State.ERROR: f"{what} raised an error: {outcome.message}",
        State.TIMEOUT: f"{what} did not finish in time: {outcome.message}",
        State.OUT_OF_MEMORY: f"{what} needed more memory than there is: {outcome.message}",
        State.KILLED: f"{what} ended the whole kernel: {outcome.message}",
        State.NEEDS_REVIEW: f"{what} could not be judged: {said}. {REVIEW}",
        State.INFRA_ERROR: f"the grader could not judge {what}: {outcome.message}",
    }[state]
    details = {"raised": outcome.message, "traceback": outcome.traceback}
    return Verdict(check, state, 0.0, sentence, details)
