"""Options of ``batch`` that a later run leaves out. Those of the last run count, and it says so.

Without this a rerun for one student would drop the roster, the deadline or the rubric of all.
Without a seed the first run draws one and keeps it in the journal only, so that nobody knows
beforehand what the class is asked.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from grader.batch.gradebook import LANGUAGE
from grader.batch.journal import Journal
from grader.batch.roster import Roster, read_roster, roster_from, roster_json
from grader.batch.work import SandboxName, Task
from grader.errors import RubricError
from grader.lateness import parse_deadline
from grader.rubric import load_rubric, parse_rubric

FACT, DRAWN, NONE = "asked", "seed", "none"
SEEDS = 2**53  # as many as JSON readers keep apart
_SAID = {
    "rubric": "The rubric of the last run is used: {}; --rubric none drops it.",
    "roster": "The roster of the last run is used: {}; --roster none drops it.",
    "deadline": "The deadline of the last run is used: {}; --deadline none drops it.",
    "limits": "The limits of the last run are used: {}; --limit none drops them.",
    "seed": "The seed of the last run is used: {}.",
    "run": "--run {} of the last run is used.",
    "resample": "--resample of the last run is used; --no-resample drops it.",
    "lang": "--lang {} of the last run is used.",
}
_UNSAID: Mapping[str, Any] = {
    "seed": 0,
    "run": "definitions",
    "resample": False,
    "lang": "en",
}  # as it is anyway


@dataclass(frozen=True)
class Asked:
    """What the command line says, None where it says nothing. The word ``none`` in place of a
    rubric, roster, deadline or limit forgets what is remembered."""

    rubric: Path | None = None
    roster: Path | None = None
    deadline: str | None = None
    limits: Mapping[str, float] | None = None
    seed: int | None = None
    run: Literal["definitions", "everything"] | None = None
    resample: bool | None = None
    lang: Literal["en", "ko", "both"] | None = None
    sandbox: SandboxName = "auto"


@dataclass(frozen=True)
class Settled:
    """What a batch goes by, and a line for each option that the last run is remembered for."""

    task: Task
    roster: Roster | None
    deadline: datetime | None
    lines: Sequence[str]


def settle(
    journal: Journal, new: Mapping[str, Any], sandbox: SandboxName, default_rubric: Path
) -> Settled:
    """What is ``given`` now, beside what was before; all of it is remembered.

    Raises ``UsageError``, ``RubricError`` and ``JournalError``; then nothing is changed.
    """
    last: Mapping[str, Any] = journal.fact(FACT, {})
    kept = {name: value for name, value in {**last, **new}.items() if value is not None}
    found = kept.get("rubric")
    if found is None:
        rubric = load_rubric(default_rubric)
    else:
        rubric = parse_rubric(found["text"].encode(), Path(found["name"]))
    task = Task(
        rubric.limited(kept.get("limits", {})),
        sandbox,
        kept.get("run", "definitions"),
        kept["seed"] if "seed" in kept else class_seed(journal),
        kept.get("resample", False),
    )
    roster = roster_from(kept["roster"]["students"]) if "roster" in kept else None
    deadline = parse_deadline(kept["deadline"]) if "deadline" in kept else None
    if kept != last:
        journal.note({FACT: kept, LANGUAGE: kept.get("lang", "en")})
    lines = [
        said.format(_shown(kept[name]))
        for name, said in _SAID.items()
        if name in kept and name not in new and kept[name] != _UNSAID.get(name)
    ]
    return Settled(task, roster, deadline, lines)


def class_seed(journal: Journal) -> int:
    """The seed of a class that was given none: drawn once; 0 where results of an earlier version
    are there already."""
    seed = journal.fact(DRAWN)
    if seed is None:
        seed = 0 if journal.count() else secrets.randbelow(SEEDS)
        journal.note({DRAWN: seed})
    return int(seed)


def given(asked: Asked) -> dict[str, Any]:
    """The options that were given, as they are remembered; None for what is to be forgotten.

    Raises ``UsageError`` and ``RubricError``.
    """
    found: dict[str, Any] = {
        name: value
        for name in ("deadline", "limits", "seed", "run", "resample", "lang")
        if (value := getattr(asked, name)) is not None
    }
    if asked.rubric is not None:
        found["rubric"] = None if _is_none(asked.rubric) else _rubric_json(asked.rubric)
    if asked.roster is not None:
        found["roster"] = None if _is_none(asked.roster) else _roster_json(asked.roster)
    if asked.deadline is not None:
        found["deadline"] = None
        if asked.deadline != NONE:
            parse_deadline(asked.deadline)
            found["deadline"] = asked.deadline
    if asked.limits is not None:
        found["limits"] = dict(asked.limits) or None
    return found


def _is_none(path: Path) -> bool:
    return str(path) == NONE


def _rubric_json(path: Path) -> dict[str, str]:
    load_rubric(path)
    try:
        return {"name": str(path), "text": path.read_bytes().decode("utf-8")}
    except (OSError, UnicodeDecodeError):
        raise RubricError(f"The rubric {path} cannot be read.") from None


def _roster_json(path: Path) -> dict[str, Any]:
    return {"name": path.name, "students": roster_json(read_roster(path))}


def _shown(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    if "students" in value:
        return f"{value['name']}, {len(value['students'])} students"
    if "text" in value:
        return str(value["name"])
    return ", ".join(f"{name.replace('_', '-')}={amount:g}" for name, amount in value.items())
