"""One student's grade as plain JSON, to be compared with what it was at another time."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from grader.batch.gradebook import Entry, Gradebook, GradedItem

Snapshot = dict[str, Any]


def snapshots(gradebook: Gradebook) -> dict[str, Snapshot]:
    """Of everybody, by sender: folders of grades may be renamed."""
    return {owner_of(entry): snapshot(entry) for entry in gradebook.entries}


def owner_of(entry: Entry) -> str:
    """What tells the sender from every other, over all runs."""
    return entry.row["owner"] or f"id {entry.label}"


def snapshot(entry: Entry) -> Snapshot:
    """All that counts for the grade, and what it follows from."""
    result = entry.result
    environment = dict(result.environment) if result else {}
    rubric = environment.pop("rubric_sha256", "")
    return {
        "label": entry.label,
        "sha256": result.sha256 if result else None,
        "status": entry.status,
        "points": entry.points,
        "late": [entry.row["late_percent"], entry.row["late_open"]],
        "rubric": rubric,
        "grader": environment,
        "items": {item.id: _item(item) for item in entry.items},
    }


def _item(item: GradedItem) -> dict[str, Any]:
    return {
        "points": item.points,
        "max_points": item.max_points,
        "open": item.open,
        "checks": {
            check.id: {
                "status": check.status,
                "points": item.points_of(check),
                "max_points": check.max_points,
            }
            for check in item.checks
        },
        "decided": sorted([made.target, made.points, made.comment] for made in item.by_person),
    }


def told(entry: Entry) -> str:
    """A print of what the student is told: another one means that their page says something new."""
    found = snapshot(entry)
    causes = ("label", "rubric", "grader")
    shown: Sequence[Any] = (
        {name: value for name, value in found.items() if name not in causes},
        [[check.message for check in item.checks] for item in entry.items],
    )
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()
