"""What one submission showed: enough to score it again without running anything."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.metadata import version
from typing import Any

from grader.checks.verdict import Verdict
from grader.messages.message import Said, said_in, said_json
from grader.paths import PACKAGE
from grader.results import Result, plain, result_status
from grader.rubric import Rubric
from grader.states import State

_DOES_NOT_JUDGE = {
    "batch",
    "report",
    "kit",
    "gradescope",
    "review",
    "training",
    "commands",
    "selfcheck",
    "cli.py",
    "lateness.py",
}
PRINTS = PACKAGE / "batch" / "prints.py"  # other prints than stored ones cannot be compared


@dataclass(frozen=True)
class Evidence:
    """``verdicts`` are what the result was scored from, none of a rejected submission; ``overlay``
    is a PNG, empty if there is none; ``prints`` what is compared with other students' work;
    ``shown`` the pictures and the code that people see."""

    result: Result
    verdicts: Sequence[Verdict]
    overlay: bytes = b""
    prints: Mapping[str, Any] = field(default_factory=dict)
    shown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether a fault of the grader's kept something from being judged."""
        return bool(self.faults)

    @property
    def faults(self) -> list[str]:
        """What the grader's own faults were."""
        return [v.message for v in self.verdicts if v.state is State.INFRA_ERROR]


def verdicts_json(verdicts: Sequence[Verdict]) -> str:
    return json.dumps(
        [
            {
                "check": verdict.check,
                "state": str(verdict.state),
                "fraction": verdict.fraction,
                **plain(said_json(verdict.said)),
                "details": plain(verdict.details),
                "measured": {
                    name: plain(said_json(said)) for name, said in verdict.measured.items()
                },
            }
            for verdict in verdicts
        ],
        allow_nan=False,
    )


def verdicts_from(text: str) -> list[Verdict]:
    return [
        Verdict(
            v["check"],
            State(v["state"]),
            v["fraction"],
            said_in(v),
            v["details"],
            {name: _measured(said) for name, said in v.get("measured", {}).items()},
        )
        for v in json.loads(text)
    ]


def _measured(kept: Any) -> Said:
    """What was measured, of a record; an older journal has a sentence."""
    return said_in(kept) if isinstance(kept, dict) else str(kept)


def can_score(evidence: Evidence, rubric: Rubric) -> bool:
    """Whether every check of the rubric was made."""
    made = {verdict.check for verdict in evidence.verdicts}
    wanted = {f"{item.id}.{name}" for item in rubric.items for name in item.checks}
    return evidence.result.status == "rejected" or wanted <= made


def scored(evidence: Evidence, rubric: Rubric) -> Result:
    """The result under this rubric; nothing is run."""
    before = evidence.result
    rejected = before.status == "rejected"
    items = rubric.skipped(before.flags[0].said) if rejected else rubric.score(evidence.verdicts)
    return replace(
        before,
        status=before.status if rejected else result_status(items),
        items=items,
        max_points=rubric.max_points,
        environment={**before.environment, "rubric_sha256": rubric.sha256},
    )


def conditions(rubric: Rubric, run: str, sandbox: str, seed: int, resample: bool) -> str:
    """All that evidence depends on besides the submission, as one line of JSON.

    Of the rubric these are limits, tolerances, imports and what a missing checkpoint is worth; its
    points score evidence afterwards.
    """
    archive, limits = asdict(rubric.archive_limits), asdict(rubric.limits)
    return json.dumps(
        {
            "grader": grader_sha256(),
            "python": platform.python_version(),
            "torch": version("torch"),
            "limits": limits,
            "archive": archive,
            "tolerances": asdict(rubric.tolerances),
            "imports": sorted(rubric.solved_by_others),
            "missing_checkpoint": rubric.missing_checkpoint,
            "run": run,
            "resample": resample,
            "sandbox": "none" if sandbox == "none" else "bubblewrap",
            "seed": seed,
        },
        sort_keys=True,
    )


@cache
def grader_sha256() -> str:
    """Of every file of the grader and the reference that takes part in judging."""
    digest = hashlib.sha256(version("ddpm-grader").encode())
    for folder in (PACKAGE, PACKAGE.parent / "reference"):
        for path in sorted(folder.rglob("*")):
            parts = set(path.relative_to(folder).parts)
            judges = path == PRINTS or not parts & _DOES_NOT_JUDGE
            if path.suffix in (".py", ".safetensors", ".npz") and judges:
                digest.update(path.relative_to(folder.parent).as_posix().encode() + b"\0")
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def key_of(sha256: str, file: str, given: str) -> str:
    """The journal's key: the submission's bytes and name, under these ``conditions``."""
    return hashlib.sha256(json.dumps([sha256, file, given]).encode()).hexdigest()
