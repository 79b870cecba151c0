"""The table of attacks: what hostile students may send, each with what it must end as.

An attack is a function in a module of ``cases`` that changes a ``Draft``::

    @attack("a million empty cells", "wearing out", loss="needs_review", sampling="needs_review")
    def empty_cells(draft): ...

Items that are not named must be passed, as in the unchanged draft. An item may end as any of the
states that are named: ``loss="failed|needs_review"``. ``rejected=True`` says that nothing of the
submission can be read. ``flag`` is the id of a flag that a TA must get, ``says`` a part of what a
message or a flag tells.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from tests.habits.draft import Draft
from tests.habits.table import ITEMS, messages, status_of
from tests.redteam import cases

Kind = Literal[
    "points", "reading", "getting out", "files", "wearing out", "reports", "other students"
]
SEEK = ("points", "reading", "getting out")  # attacks that fail if they cost the student points
CODE = ("beta_schedule", "schedule_parameters", "loss", "sampling")
LOST = {"failed", "error", "missing", "killed", "timeout", "out_of_memory"}
SECRET = "4f1d9f0c-not-to-be-read"  # stands in files that no student may read


@dataclass(frozen=True)
class Attack:
    """``change`` makes it of a whole submission; ``expect`` has the items that do not pass then."""

    title: str
    kind: Kind
    change: Callable[[Draft], None]
    expect: Mapping[str, str]
    flag: str
    says: str
    rejected: bool
    checkpoints: bool

    def draft(self, student: str) -> Draft:
        draft = Draft(student, self.checkpoints)
        self.change(draft)
        return draft


ATTACKS: list[Attack] = []


def attack(
    title: str,
    kind: Kind,
    *,
    flag: str = "",
    says: str = "",
    rejected: bool = False,
    checkpoints: bool = False,
    **expect: str,
) -> Callable[[Callable[[Draft], None]], Callable[[Draft], None]]:
    """Adds a function to the table."""

    def add(change: Callable[[Draft], None]) -> Callable[[Draft], None]:
        assert set(expect) <= set(ITEMS), expect
        assert kind in get_args(Kind), kind
        ATTACKS.append(Attack(title, kind, change, expect, flag, says, rejected, checkpoints))
        return change

    return add


def all_attacks() -> list[Attack]:
    """Those of every module in ``cases``, in order."""
    for module in sorted(module.name for module in pkgutil.iter_modules(cases.__path__)):
        importlib.import_module(f"{cases.__name__}.{module}")
    return ATTACKS


def disagreements(attack: Attack, result: Mapping[str, Any]) -> list[str]:
    """Where a result differs from what was decided; empty if nowhere."""
    if (result["status"] == "rejected") != attack.rejected:
        return [f"{result['status']}: {result['flags']}"]
    found = {item["id"]: status_of(item) for item in result["items"]}
    lines = [] if attack.rejected else wrong_states(attack, found, result)
    lines += [
        f"{check['id']} is taken for a fault of the grader's: {check['message']}"
        for item in result["items"]
        for check in item["checks"]
        if check["status"] == "infra_error"
    ]
    if attack.flag and attack.flag not in {flag["id"] for flag in result["flags"]}:
        lines.append(f"no flag {attack.flag!r}: {result['flags']}")
    said = " ".join([*(flag["message"] for flag in result["flags"]), *messages(result)])
    if attack.says not in said:
        lines.append(f"nothing says {attack.says!r}: {said}")
    if SECRET in str(result):
        lines.append("a secret was read")
    return lines


def wrong_states(attack: Attack, found: Mapping[str, str], result: Mapping[str, Any]) -> list[str]:
    return [
        f"{name}: {found[name]}, not {attack.expect.get(name, 'passed')}: {messages(result, name)}"
        for name in ITEMS
        if found[name] not in allowed(attack, name, found, result)
    ]


def allowed(
    attack: Attack, name: str, found: Mapping[str, str], result: Mapping[str, Any]
) -> set[str]:
    """The states that an item may end in: those decided, and those that give the student no more."""
    states = set(attack.expect.get(name, "passed").split("|"))
    if attack.kind in SEEK and name in CODE and "needs_review" in states:
        states |= LOST
    suspected = "tampering" in {flag["id"] for flag in result["flags"]}
    unearned = name not in CODE and any(found[code] != "passed" for code in CODE)
    if "passed" in states and (suspected or unearned):  # then nothing of it stays without a TA
        states.add("needs_review")
    return states
