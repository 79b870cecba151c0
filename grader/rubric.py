"""The rubric: a TOML file that turns verdicts into points.

See ``rubrics/assignment2.toml``. It is validated when it is loaded; every error names the line.
"""

import difflib
import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from grader.checks.items import known_items
from grader.checks.tolerances import Tolerances
from grader.checks.verdict import Verdict
from grader.errors import RubricError
from grader.intake import ArchiveLimits
from grader.lateness import LateRule
from grader.messages.message import Said
from grader.results import CheckResult, ItemResult
from grader.sandbox import Limits
from grader.states import State

_LOOSEST = {"standard_errors": 1000.0}  # of the tolerances; what is relative is below 1
VISIBILITIES = ("visible", "hidden")
_LIMITS = {
    "cell_seconds": 1,
    "probe_seconds": 1,
    "submission_seconds": 1,
    "memory_mebibytes": 2**20,
    "processes": 1,
    "file_mebibytes": 2**20,
    "output_mebibytes": 2**20,
    "unpacked_mebibytes": 2**20,
    "members": 1,
    "ratio": 1,
}


@dataclass(frozen=True)
class Item:
    """An item's points and how they fall to its checks; ``by_hand`` says why a person judges."""

    id: str
    points: float
    visibility: str
    checks: Mapping[str, float]
    by_hand: str | None


@dataclass(frozen=True)
class Rubric:
    """A validated rubric. ``missing_checkpoint``: the part of its check that is earned where
    pictures were handed in without the checkpoint. ``sha256`` is that of the file."""

    title: str
    items: Sequence[Item]
    limits: Limits
    archive_limits: ArchiveLimits
    tolerances: Tolerances
    solved_by_others: frozenset[str]
    missing_checkpoint: float
    sha256: str
    late: LateRule = field(default_factory=LateRule)

    @property
    def max_points(self) -> float:
        return sum(item.points for item in self.items)

    def limited(self, changes: Mapping[str, float]) -> "Rubric":
        """With other limits of what runs, each named and in the unit as in the file."""
        amounts = {
            name.replace("mebibytes", "bytes"): amount * _LIMITS[name]
            for name, amount in changes.items()
        }
        whole: dict[str, Any] = {
            n: a if n.endswith("seconds") else int(a) for n, a in amounts.items()
        }
        return replace(self, limits=replace(self.limits, **whole))

    def score(self, verdicts: Sequence[Verdict]) -> list[ItemResult]:
        """Points for every item, in the rubric's order."""
        by_id = {verdict.check: verdict for verdict in verdicts}
        return [score_item(item, by_id) for item in self.items]

    def skipped(self, reason: Said) -> list[ItemResult]:
        """The items of a submission that cannot be read: none could be judged."""
        return [
            ItemResult(
                item.id,
                State.SKIPPED,
                0.0,
                item.points,
                (CheckResult(f"{item.id}.submission", State.SKIPPED, 0.0, item.points, reason),),
            )
            for item in self.items
        ]


def score_item(item: Item, verdicts: Mapping[str, Verdict]) -> ItemResult:
    if item.by_hand is not None:
        check = CheckResult(
            f"{item.id}.by_hand", State.NEEDS_REVIEW, 0.0, item.points, item.by_hand
        )
        return ItemResult(item.id, State.NEEDS_REVIEW, 0.0, item.points, (check,))
    checks = tuple(
        score_check(f"{item.id}.{name}", points, verdicts) for name, points in item.checks.items()
    )
    points = round(sum(check.points for check in checks), 2)
    return ItemResult(item.id, item_state(checks), points, item.points, checks)


def score_check(check: str, points: float, verdicts: Mapping[str, Verdict]) -> CheckResult:
    verdict = verdicts[check]
    earned = round(points * verdict.fraction, 2 if points * 100 % 1 == 0 else 4)
    details = dict(verdict.details)
    return CheckResult(check, verdict.state, earned, points, verdict.said, details)


def item_state(checks: Sequence[CheckResult]) -> State:
    """One state for an item: whatever needs a person first, then how the points fell."""
    states = [check.status for check in checks]
    for state in (State.INFRA_ERROR, State.NEEDS_REVIEW):
        if state in states:
            return state
    if all(state == states[0] for state in states):
        return states[0]
    if any(check.points > 0 for check in checks):
        return State.PARTIAL
    return next((s for s in states if s not in (State.MISSING, State.SKIPPED)), State.FAILED)


def load_rubric(path: Path) -> Rubric:
    """Reads and validates a rubric. Raises ``RubricError`` naming the line that is wrong."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RubricError(f"The rubric {path} cannot be read: {error.strerror}.") from None
    return parse_rubric(raw, path)


def parse_rubric(raw: bytes, path: Path) -> Rubric:
    """Validates a rubric that was read from ``path``. Raises ``RubricError``."""
    try:
        text = raw.decode("utf-8-sig")
        data = tomllib.loads(text)
    except UnicodeDecodeError:
        raise RubricError(f"The rubric {path} is no text in UTF-8.") from None
    except (ValueError, RecursionError) as error:  # a number may have too many digits
        raise RubricError(f"The rubric {path} is no valid TOML: {error}") from None
    return _Reader(path, text).rubric(data, hashlib.sha256(raw).hexdigest())


def meant(name: str, known: Sequence[str]) -> str:
    """What somebody may have meant, or all that there is."""
    close = difflib.get_close_matches(name, known, 1)
    return f"(did you mean {close[0]!r}?)" if close else f"(known: {', '.join(known)})"


class _Reader:
    """Validates the parsed TOML; knows the text, to name lines."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.lines = path, text.splitlines()

    def fail(self, what: str, *anchors: str) -> RubricError:
        """An error at the first line, after those of the earlier anchors, that holds the last."""
        line = 0
        for anchor in anchors:
            pattern = re.compile(rf"\b{re.escape(anchor)}\b")
            for number in range(line, len(self.lines)):
                if pattern.search(self.lines[number].split("#")[0]):
                    line = number
                    break
        return RubricError(f"The rubric {self.path}, line {line + 1}: {what}.")

    def known(self, table: Mapping[str, Any], names: Sequence[str], *anchors: str) -> None:
        for name in table:
            if name not in names:
                raise self.fail(f"unknown key {name!r} {meant(name, names)}", *anchors, name)

    def table(self, data: Mapping[str, Any], name: str, known: Sequence[str]) -> Mapping[str, Any]:
        found = data.get(name, {})
        if not isinstance(found, dict):
            raise self.fail(f"{name} must be a table", name)
        self.known(found, known, name)
        return found

    def number(
        self, value: Any, name: str, *anchors: str, least: float = 0, most: float = 1e12
    ) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not least <= value <= most:
            wanted = f"of at least {least:g}" if most == 1e12 else f"from {least:g} to {most:g}"
            raise self.fail(f"{name} must be a number {wanted}, not {value!r}", *anchors, name)
        return float(value)

    def rubric(self, data: Mapping[str, Any], sha256: str) -> Rubric:
        names = ("version", "title", "limits", "tolerances", "imports", "settings", "late", "items")
        self.known(data, names)
        if data.get("version") != 1:
            raise self.fail("version must be 1", "version")
        title = data.get("title")
        if not isinstance(title, str) or not title.strip():
            raise self.fail("title must be a text", "title")
        found = data.get("items")
        if not isinstance(found, list) or not all(isinstance(t, dict) for t in found):
            raise self.fail("items must be [[items]] tables", "items")
        items = [self.item(table) for table in found]
        if not sum(item.points for item in items):
            raise self.fail("the items are worth nothing together", "items")
        ids = [item.id for item in items]
        for item_id in ids:
            if ids.count(item_id) > 1:
                raise self.fail(f"the item {item_id!r} stands twice", item_id)
        limits = self.limits(self.table(data, "limits", tuple(_LIMITS)))
        archive = ArchiveLimits(
            int(limits["unpacked_mebibytes"]), int(limits["members"]), limits["ratio"]
        )
        solved = self.imports(data)
        return Rubric(
            title,
            tuple(items),
            replace(run_limits(limits), hidden=tuple(sorted(solved))),
            archive,
            self.tolerances(data),
            solved,
            self.missing_checkpoint(data),
            sha256,
            self.late(data),
        )

    def limits(self, table: Mapping[str, Any]) -> dict[str, float]:
        for name in _LIMITS:
            if name not in table:
                raise self.fail(f"the limit {name} is missing", "limits")
        return {
            name: self.number(table[name], name, "limits", least=1) * unit
            for name, unit in _LIMITS.items()
        }

    def tolerances(self, data: Mapping[str, Any]) -> Tolerances:
        table = self.table(data, "tolerances", [field.name for field in fields(Tolerances)])
        values = {
            name: self.number(value, name, "tolerances", least=1e-9, most=_LOOSEST.get(name, 1.0))
            for name, value in table.items()
        }
        return Tolerances(**values)

    def imports(self, data: Mapping[str, Any]) -> frozenset[str]:
        names = self.table(data, "imports", ["solved_by_others"]).get("solved_by_others", [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self.fail("solved_by_others must be a list of names", "solved_by_others")
        return frozenset(names)

    def missing_checkpoint(self, data: Mapping[str, Any]) -> float:
        name = "missing_checkpoint"
        table = self.table(data, "settings", [name])
        return self.number(table.get(name, 1.0), name, "settings", most=1)

    def late(self, data: Mapping[str, Any]) -> LateRule:
        table = self.table(data, "late", [field.name for field in fields(LateRule)])
        return LateRule(
            **{
                name: self.number(value, name, "late", most=1e12 if "minutes" in name else 100)
                for name, value in table.items()
            }
        )

    def item(self, table: Mapping[str, Any]) -> Item:
        item_id = table.get("id")
        if not isinstance(item_id, str) or item_id not in known_items():
            what = f"unknown item {item_id!r} {meant(str(item_id), list(known_items()))}"
            raise self.fail(what, "items" if item_id is None else str(item_id))
        anchor = str(item_id)
        self.known(table, ("id", "points", "visibility", "checks", "by_hand"), anchor)
        points = self.number(table.get("points"), "points", anchor)
        visibility = table.get("visibility", "visible")
        if visibility not in VISIBILITIES:
            raise self.fail(f"visibility must be one of {VISIBILITIES}", anchor, "visibility")
        by_hand = table.get("by_hand")
        if by_hand is not None and not (isinstance(by_hand, str) and by_hand.strip()):
            raise self.fail("by_hand must say why a person judges", anchor, "by_hand")
        checks = self.checks(anchor, table.get("checks", {}), points, by_hand is not None)
        return Item(anchor, points, visibility, checks, by_hand)

    def checks(
        self, item_id: str, table: Any, points: float, judged_by_hand: bool
    ) -> dict[str, float]:
        names = known_items()[item_id].checks
        if judged_by_hand:
            if table:
                raise self.fail("an item has either checks or by_hand", item_id, "checks")
            return {}
        if not isinstance(table, dict) or set(table) != set(names):
            wanted = ", ".join(names)
            raise self.fail(f"the checks of {item_id} must be: {wanted}", item_id, "checks")
        shares = {name: self.number(table[name], name, item_id, "checks") for name in names}
        if abs(sum(shares.values()) - points) > 1e-9:
            total = f"{sum(shares.values()):g}"
            raise self.fail(
                f"the checks' points add up to {total}, not {points:g}", item_id, "checks"
            )
        return shares


def run_limits(limits: Mapping[str, float]) -> Limits:
    return Limits(
        cell_seconds=limits["cell_seconds"],
        probe_seconds=limits["probe_seconds"],
        submission_seconds=limits["submission_seconds"],
        memory_bytes=int(limits["memory_mebibytes"]),
        processes=int(limits["processes"]),
        file_bytes=int(limits["file_mebibytes"]),
        output_bytes=int(limits["output_mebibytes"]),
    )
