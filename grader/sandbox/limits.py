"""The records that cross the sandbox's border: limits going in, outcomes coming out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from grader.arrays import Array
from grader.errors import GraderError
from grader.messages.message import Said, sentence

JSON: TypeAlias = Any
"""What ``json.loads`` returns; free of NaN and infinities where this package made it."""


class InfraError(GraderError):
    """The kernel could not be started or prepared: a fault of the grader or of the machine."""


@dataclass(frozen=True)
class Limits:
    """What a submission may use; seconds are wall time, bytes are bytes.

    ``submission_seconds`` holds for the student's code in all of its kernels together, and once
    more for the kernel that decodes the pictures, in which none of it runs.
    ``memory_bytes`` is the resident memory of all its processes together, ``file_bytes`` the size
    of its work folder and ``output_bytes`` what it may print. ``hidden`` are the packages that it
    does not find although they are installed.
    """

    cell_seconds: float = 60
    probe_seconds: float = 20
    submission_seconds: float = 180
    memory_bytes: int = 2 * 2**30
    processes: int = 256
    file_bytes: int = 512 * 2**20
    output_bytes: int = 10 * 2**20
    hidden: tuple[str, ...] = ()

    @property
    def trial_seconds(self) -> float:
        """Of ``submission_seconds`` what is kept for trying checkpoints in the student's network,
        so that other code of theirs cannot use it up."""
        return self.submission_seconds / 4


class Status(StrEnum):
    """How a cell or a probe ended."""

    ok = "ok"
    error = "error"  # the student's code raised
    timeout = "timeout"
    out_of_memory = "out_of_memory"
    killed = "killed"  # the kernel died, or was ended for crossing a limit
    doubtful = "doubtful"  # no answer to our question came: a person must look why
    infra_error = "infra_error"  # our fault, never the student's


@dataclass(frozen=True)
class Outcome:
    """What came of one cell or probe.

    ``said`` is one line, an exception's class and text or a message on what happened, and
    ``traceback`` plain text; both are cut and free of control characters. ``arrays`` and ``facts``
    are a probe's.
    """

    status: Status
    said: Said = ""
    traceback: str = ""
    seconds: float = 0.0
    arrays: Mapping[str, Array] = field(default_factory=dict)
    facts: Mapping[str, JSON] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """What it says, in English."""
        return sentence(self.said)
