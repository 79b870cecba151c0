"""The records that a grading run produces, and their JSON form (``schema_version`` 1).

Every record is frozen, because a finished result is evidence.
"""

import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from grader.messages.message import Said, said_json, sentence
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


@dataclass(frozen=True)
class ItemResult:
    """A rubric item: its checks and the points they add up to."""

    id: str
    status: State
    points: float
    max_points: float
    checks: Sequence[CheckResult]


@dataclass(frozen=True)
class Result:
    """Everything known of one graded submission; ``status`` is of ``RESULT_STATUSES``.

    ``verdicts`` are what the items were scored from; a rejected submission has none. For people,
    and no part of the JSON: ``works``, the pictures of notebook 2-2; ``setting_tiles``, the digits
    of each setting's ``image_final.png``, (40, 28, 28), 0 to 1; ``setting_views``, small pictures
    of a setting's files by what they are; ``ran``, the statements that ran.
    """

    student_id: str | None
    file: str
    sha256: str
    status: str
    max_points: float
    items: Sequence[ItemResult]
    flags: Sequence[Flag]
    environment: Mapping[str, Any]
    seconds: Mapping[str, float]
    clarity: "Clarity | None" = None
    works: "Works | None" = None
    setting_tiles: "Mapping[str, Array]" = field(default_factory=dict)
    setting_views: "Mapping[str, Mapping[str, Array]]" = field(default_factory=dict)
    ran: "Sequence[Statement]" = ()
    late: bool = False
    verdicts: "Sequence[Verdict]" = ()

    @property
    def points(self) -> float:
        """The sum over the items; provisional where an item needs review."""
        return round(sum(item.points for item in self.items), 2)


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


def to_json(result: Result) -> dict[str, Any]:
    """The result as ``result.json`` holds it, ready for ``json.dumps(..., allow_nan=False)``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "student_id": result.student_id,
        "submission": {"file": result.file, "sha256": result.sha256, "late": result.late},
        "status": result.status,
        "points": result.points,
        "max_points": result.max_points,
        "items": items_json(result.items),
        "clarity": clarity_json(result.clarity),
        "flags": flags_json(result.flags),
        "environment": dict(result.environment),
        "seconds": {name: round(value, 3) for name, value in result.seconds.items()},
    }


def items_json(items: Sequence[ItemResult]) -> list[dict[str, Any]]:
    """The items, each with its checks."""
    return [{**_scored(item), "checks": [_check(check) for check in item.checks]} for item in items]


def flags_json(flags: Sequence[Flag]) -> list[dict[str, Any]]:
    return [{"id": flag.id, **plain(said_json(flag.said))} for flag in flags]


def clarity_json(clarity: "Clarity | None") -> dict[str, Any]:
    """How many digits are clear, and every tile's reading."""
    if clarity is None:
        return {"clear": 0, "total": 0, "source": None, "tiles": []}
    return {
        "clear": clarity.clear,
        "total": clarity.total,
        "source": clarity.source,
        "tiles": [asdict(reading) for reading in clarity.readings],
    }


def _scored(record: ItemResult | CheckResult) -> dict[str, Any]:
    return {
        "id": record.id,
        "status": str(record.status),
        "points": record.points,
        "max_points": record.max_points,
    }


def _check(check: CheckResult) -> dict[str, Any]:
    return {**_scored(check), **plain(said_json(check.said)), "details": plain(check.details)}


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
