"""The records that a grading run produces, and their JSON form (``schema_version`` 1).

Every record is frozen: a result, once made, is evidence.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

SCHEMA_VERSION = 1


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
    """Something a TA should know that moves no points by itself."""

    id: str
    message: str


@dataclass(frozen=True)
class CheckResult:
    """One check's verdict. ``points`` may be provisional when the state is ``needs_review``.

    ``message`` is one sentence for the student; ``details`` holds the numbers for the TA.
    """

    id: str
    status: State
    points: float
    max_points: float
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ItemResult:
    """A rubric item: its checks and the points they add up to."""

    id: str
    status: State
    points: float
    max_points: float
    checks: Sequence[CheckResult]
