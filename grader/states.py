"""How something ended, and what a TA should know of it."""

from dataclasses import dataclass
from enum import StrEnum

from grader.messages.message import Said, sentence


class State(StrEnum):
    """How a check, an item or a submission ended."""

    PASSED = "passed"
    FAILED = "failed"
    PARTIAL = "partial"
    MISSING = "missing"  # not implemented, or not found
    ERROR = "error"  # the student's code raised
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    KILLED = "killed"
    SKIPPED = "skipped"  # what it needs failed; the message says what
    NEEDS_REVIEW = "needs_review"  # a person must look; the message says why
    INFRA_ERROR = "infra_error"  # our fault: points neither taken nor given


@dataclass(frozen=True)
class Flag:
    """Something a TA should know that moves no points by itself. What its message quotes of the
    student's is made safe to show."""

    id: str
    said: Said

    def __post_init__(self) -> None:
        from grader.sandbox.text import clean_said  # whoever only reads results needs no sandbox

        object.__setattr__(self, "said", clean_said(self.said))

    @property
    def message(self) -> str:
        """The sentence in English."""
        return sentence(self.said)
