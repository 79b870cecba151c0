"""The records that a grading run produces, and their JSON form (``schema_version`` 1).

Every record is frozen, because a finished result is evidence.
"""

import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Self

from grader.digits.readings import TileReading
from grader.messages.message import Said, said_in, said_json, sentence
from grader.states import Flag, State

if TYPE_CHECKING:  # it imports what supervising does without
    from grader.arrays import Array
    from grader.checks.verdict import Verdict
    from grader.digits.clarity import Clarity
    from grader.intake import Statement
    from grader.text_to_image.works import Works

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class CheckResult:
    """One check's verdict. ``points`` may be provisional when the state is ``needs_review``.

    ``said`` is for the student: a message with an id, or a sentence that has none. ``details``
    holds the numbers for the TA.
    """

    id: str
    status: State
    points: float
    max_points: float
    said: Said
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The sentence in English."""
        return sentence(self.said)

    def to_json(self) -> dict[str, Any]:
        return {**_scored(self), **plain(said_json(self.said)), "details": plain(self.details)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(*_score(record), said_in(record), record["details"])


@dataclass(frozen=True)
class ItemResult:
    """A rubric item: its checks and the points they add up to."""

    id: str
    status: State
    points: float
    max_points: float
    checks: Sequence[CheckResult]

    def to_json(self) -> dict[str, Any]:
        return {**_scored(self), "checks": [check.to_json() for check in self.checks]}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(*_score(record), [CheckResult.from_json(check) for check in record["checks"]])


@dataclass(frozen=True)
class ClearDigits:
    """Which digits are clear: every tile's reading, and from which picture they are."""

    source: str | None = None
    tiles: Sequence[TileReading] = ()

    @property
    def clear(self) -> int:
        return sum(tile.clear for tile in self.tiles)

    @classmethod
    def of(cls, clarity: "Clarity | None") -> Self:
        return cls() if clarity is None else cls(clarity.source, clarity.readings)

    def to_json(self) -> dict[str, Any]:
        tiles = [asdict(tile) for tile in self.tiles]
        counted = {"clear": self.clear, "total": len(tiles)}
        return {**counted, "source": self.source, "tiles": tiles}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(record["source"], [TileReading(**tile) for tile in record["tiles"]])


@dataclass(frozen=True)
class Result:
    """Everything that ``result.json`` says of one graded submission; ``status`` is ``graded``,
    ``needs_review`` or ``rejected``."""

    student_id: str | None
    file: str
    sha256: str
    status: str
    max_points: float
    items: Sequence[ItemResult]
    flags: Sequence[Flag] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    digits: ClearDigits = ClearDigits()
    late: bool = False

    @property
    def points(self) -> float:
        """The sum over the items; provisional where an item needs review."""
        return round(sum(item.points for item in self.items), 2)

    def to_json(self) -> dict[str, Any]:
        """As ``result.json`` holds it, ready for ``json.dumps(..., allow_nan=False)``."""
        return {
            "schema_version": SCHEMA_VERSION,
            "student_id": self.student_id,
            "submission": {"file": self.file, "sha256": self.sha256, "late": self.late},
            "status": self.status,
            "points": self.points,
            "max_points": self.max_points,
            "items": [item.to_json() for item in self.items],
            "clarity": self.digits.to_json(),
            "flags": flags_json(self.flags),
            "environment": dict(self.environment),
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """What ``to_json`` gave, also in an earlier version. ``KeyError``, ``TypeError`` or
        ``ValueError`` where it is something else."""
        submission = record["submission"]
        return cls(
            record["student_id"],
            submission["file"],
            submission["sha256"],
            record["status"],
            record["max_points"],
            [ItemResult.from_json(item) for item in record["items"]],
            [Flag(flag["id"], said_in(flag)) for flag in record["flags"]],
            record["environment"],
            record["seconds"],
            ClearDigits.from_json(record["clarity"]),
            submission["late"],
        )


@dataclass(frozen=True)
class Seen:
    """What people are shown of a submission beside its result: ``clarity``, the digits that were
    counted; ``works``, the pictures of notebook 2-2; ``setting_tiles``, the digits of each
    setting's ``image_final.png``, (40, 28, 28), 0 to 1; ``setting_views``, small pictures of a
    setting's files by what they are; ``ran``, the statements that ran."""

    clarity: "Clarity | None" = None
    works: "Works | None" = None
    setting_tiles: "Mapping[str, Array]" = field(default_factory=dict)
    setting_views: "Mapping[str, Mapping[str, Array]]" = field(default_factory=dict)
    ran: "Sequence[Statement]" = ()


@dataclass(frozen=True)
class Graded:
    """A graded submission: its result, what it was scored from, and what people are shown. A
    rejected one has neither verdicts nor anything to show."""

    result: Result
    verdicts: "Sequence[Verdict]" = ()
    seen: Seen = Seen()


def result_status(items: Sequence[ItemResult]) -> str:
    """``needs_review`` if any item asks for a person or fell to a fault of ours."""
    open_states = {State.NEEDS_REVIEW, State.INFRA_ERROR}
    return "needs_review" if any(item.status in open_states for item in items) else "graded"


def environment(rubric_sha256: str, seed: int) -> dict[str, Any]:
    """What, besides the submission, a result depends on."""
    return {
        "grader": version("ddpm-grader"),
        "python": platform.python_version(),
        "torch": version("torch"),
        "rubric_sha256": rubric_sha256,
        "seed": seed,
    }


def flags_json(flags: Sequence[Flag]) -> list[dict[str, Any]]:
    return [{"id": flag.id, **plain(said_json(flag.said))} for flag in flags]


def _scored(record: ItemResult | CheckResult) -> dict[str, Any]:
    return {
        "id": record.id,
        "status": str(record.status),
        "points": record.points,
        "max_points": record.max_points,
    }


def _score(record: Mapping[str, Any]) -> tuple[str, State, float, float]:
    return record["id"], State(record["status"]), record["points"], record["max_points"]


def plain(value: Any) -> Any:
    """The same in JSON's own types: no NaN, no infinity, no NumPy scalars."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
