"""The table of habits: what students really send, each with the outcome decided beforehand.

A habit is a function in a module of ``cases`` that changes a ``Draft``::

    @habit("a zip archive in place of the tarball")
    def zip_archive(draft): ...

    @habit("notebook 2-1 ends in the middle", loss="needs_review", sampling="needs_review")
    def cut_off(draft): ...

Items that are not named must be passed, as in the unchanged draft; its samples have 99 clear digits
of 100, which counts as passed. ``says`` is a part of what a message or a flag tells the TA or the
student.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.habits import cases
from tests.habits.draft import Draft

CODE = ("beta_schedule", "schedule_parameters", "loss", "sampling")
TRAINED = tuple(f"setting_{p}_{s}" for p in ("epsilon", "sample") for s in ("linear", "cosine"))
ITEMS = (*CODE, *TRAINED, "image_quality", "text_to_image")


@dataclass(frozen=True)
class Habit:
    """``change`` makes it of a whole submission; ``expect`` has the items that do not pass then."""

    title: str
    change: Callable[[Draft], None]
    expect: Mapping[str, str]
    says: str = ""
    checkpoints: bool = False

    def draft(self, student: str) -> Draft:
        draft = Draft(student, self.checkpoints)
        self.change(draft)
        return draft


HABITS: list[Habit] = []


def habit(
    title: str, *, says: str = "", checkpoints: bool = False, **expect: str
) -> Callable[[Callable[[Draft], None]], Callable[[Draft], None]]:
    """Adds a function to the table."""

    def add(change: Callable[[Draft], None]) -> Callable[[Draft], None]:
        assert set(expect) <= set(ITEMS), expect
        HABITS.append(Habit(title, change, expect, says, checkpoints))
        return change

    return add


def all_habits() -> list[Habit]:
    """Those of every module in ``cases``, in order."""
    for module in sorted(module.name for module in pkgutil.iter_modules(cases.__path__)):
        importlib.import_module(f"{cases.__name__}.{module}")
    return HABITS


def disagreements(habit: Habit, result: Mapping[str, Any]) -> list[str]:
    """Where a result differs from what was decided; empty if nowhere."""
    if result["status"] == "rejected":
        return [f"rejected: {result['flags']}"]
    found = {item["id"]: status_of(item) for item in result["items"]}
    lines = [
        f"{name}: {found[name]}, not {habit.expect.get(name, 'passed')}: {messages(result, name)}"
        for name in ITEMS
        if found[name] not in allowed(habit, name, result)
    ]
    lines += [
        f"{check['id']} is taken for a fault of the grader's: {check['message']}"
        for item in result["items"]
        for check in item["checks"]
        if check["status"] == "infra_error"
    ]
    said = " ".join([*(flag["message"] for flag in result["flags"]), *messages(result)])
    if habit.says not in said:
        lines.append(f"nothing says {habit.says!r}: {said}")
    return lines


def allowed(habit: Habit, name: str, result: Mapping[str, Any]) -> set[str]:
    """The states that an item may end in: what is shown waits for a TA if no code can have made it."""
    states = set(habit.expect.get(name, "passed").split("|"))
    unearned = "evidence_without_code" in {flag["id"] for flag in result["flags"]}
    shown = name.startswith("setting_") or name == "image_quality"
    return states | ({"needs_review"} if unearned and shown else set())


def status_of(item: Mapping[str, Any]) -> str:
    """The item's status; ``passed`` where all but a twentieth of its points are earned."""
    nearly = item["status"] == "partial" and item["points"] >= 0.95 * item["max_points"]
    return "passed" if nearly else str(item["status"])


def messages(result: Mapping[str, Any], name: str = "") -> list[str]:
    """What the checks of one item say, or those of all."""
    items = [item for item in result["items"] if name in ("", item["id"])]
    return [check["message"] for item in items for check in item["checks"]]
