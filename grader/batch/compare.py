"""``ddpm-grader compare``: whose grade changed between two gradebooks, by how much, and why."""

import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.batch.database import FILE
from grader.batch.decisions import touches
from grader.batch.gradebook import Gradebook, read_gradebook
from grader.batch.journal import Journal
from grader.batch.snapshot import Snapshot, snapshots
from grader.errors import JournalError, UsageError

REASONS = ("rubric", "grader", "file", "correction", "late")
"""Why a grade changes: another rubric; another version, seed or option of the grader; another file
that counts; a person's decision; and what being late costs."""
EXPORTED = "exported"  # the fact that holds everybody's grade as it was given out last
MOST_NAMED = 8  # students that one line names
_WORD = {"late": "lateness"}


@dataclass(frozen=True)
class Part:
    """One check, item or other part of a grade that changed: what it was, is, and why."""

    target: str
    before: str
    after: str
    reason: str

    def __str__(self) -> str:
        return f"{self.target} {self.before} -> {self.after} ({self.reason})"


@dataclass(frozen=True)
class Change:
    """One student whose grade changed. ``before`` and ``after`` are None for no score."""

    label: str
    before: float | None
    after: float | None
    parts: Sequence[Part]

    @property
    def reasons(self) -> set[str]:
        return {part.reason for part in self.parts}

    def __str__(self) -> str:
        by = ""
        if self.before is not None and self.after is not None:
            by = f" ({round(self.after - self.before, 2):+g})"
        total = f"{_points(self.before)} -> {_points(self.after)}{by}"
        return f"{self.label}: {total}: {'; '.join(map(str, self.parts))}"


def compare(old: Path, new: Path, permitted: Collection[str]) -> tuple[list[str], bool]:
    """Lines about who changed from one folder of grades, or journal, to the other; and whether all
    of it is for ``permitted`` reasons.

    Raises ``UsageError`` and ``JournalError``.
    """
    found = changes(_read(old), _read(new))
    lines = [str(change) for change in found]
    other = [change for change in found if not change.reasons <= set(permitted)]
    counts = [
        f"{count} by {_WORD.get(reason, reason)}"
        for reason in REASONS
        if (count := sum(reason in change.reasons for change in found))
    ]
    if not found:
        return ["Nobody's grade changed."], True
    lines.append(f"{_students(len(found))} changed: {', '.join(counts)}.")
    if same := sum(change.before == change.after for change in found):
        lines.append(f"{_students(same)} of these {'has' if same == 1 else 'have'} the same total.")
    if permitted and other:
        lines.append(f"{_students(len(other))} changed for a reason that no --allow names.")
    return lines, not other


def since_export(journal: Journal, gradebook: Gradebook) -> str:
    """One line on what changed since grades were given out last; empty if they never were."""
    before: Mapping[str, Snapshot] | None = journal.fact(EXPORTED)
    if before is None:
        return ""
    found = changes(before, snapshots(gradebook))
    if not found:
        return "Since the last export nobody's grade changed."
    labels = [change.label for change in found[:MOST_NAMED]]
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    reasons = [r for r in REASONS if any(r in change.reasons for change in found)]
    why = ", ".join(_WORD.get(reason, reason) for reason in reasons)
    count = _students(len(found))
    return f"Since the last export {count} changed: {', '.join(labels)}{more} ({why})."


def note_export(
    journal: Journal, gradebook: Gradebook, given: Collection[str] | None = None
) -> None:
    """Keeps everybody's grade as it is given out now, for ``since_export``; of those who are not
    ``given`` theirs, the one that was kept before, if there is one."""
    found = snapshots(gradebook)
    if given is not None:
        before: Mapping[str, Snapshot] = journal.fact(EXPORTED, {})
        found |= {o: old for o, old in before.items() if o in found and o not in given}
    journal.note({EXPORTED: found})


def changes(old: Mapping[str, Snapshot], new: Mapping[str, Snapshot]) -> list[Change]:
    """Everybody whose grade is another one, by label. Who had nothing before and has nothing now
    did not change."""
    found = []
    for owner, before, after in _pairs(old, new):
        parts = list(_parts(before, after))
        if parts:
            label = (after or before)["label"]
            points = before.get("points"), after.get("points")
            found.append((label, owner, Change(label, *points, parts)))
    return [change for *_, change in sorted(found, key=lambda one: one[:2])]


def _pairs(
    old: Mapping[str, Snapshot], new: Mapping[str, Snapshot]
) -> Iterator[tuple[str, Snapshot, Snapshot]]:
    """What belongs together: by sender; a sender who is known by another name by now, by label."""
    labels = {found["label"]: owner for owner, found in old.items() if owner not in new}
    for owner, after in new.items():
        if owner not in old and after["label"] in labels:
            before = old[labels.pop(after["label"])]
        else:
            before = old.get(owner, {})
        yield owner, before, after
    for owner in labels.values():
        yield owner, old[owner], {}


def _parts(before: Snapshot, after: Snapshot) -> Iterator[Part]:
    seen, sees = before.get("sha256"), after.get("sha256")
    if not seen and not sees and not before.get("items") and not after.get("items"):
        return
    if not before.get("items") or not after.get("items"):
        was, now = before.get("status", "not there"), after.get("status", "not there")
        given = "correction" if _decided(before) != _decided(after) else ""
        unfinished = "grader" if "waiting" in (was, now) else ""
        yield Part("submission", was, now, given or unfinished or _cause(before, after))
        return
    told = False
    for item in dict.fromkeys([*before["items"], *after["items"]]):
        for part in _item_parts(item, before, after):
            told = True
            yield part
    if before["late"] != after["late"]:
        reason = "file" if seen != sees else "late"
        yield Part("lateness", _late(before), _late(after), reason)
    elif not told and (before["status"], before["points"]) != (after["status"], after["points"]):
        was, now = (f"{s['status']}, {_points(s['points'])}" for s in (before, after))
        yield Part("status", was, now, _cause(before, after))


def _item_parts(item: str, before: Snapshot, after: Snapshot) -> Iterator[Part]:
    """The checks that changed; the item where none did, or where a person decided on all of it."""
    none: dict[str, Any] = {"checks": {}, "decided": []}
    was, now = before["items"].get(item, none), after["items"].get(item, none)
    whole = any(target == item for target, *_ in (*was["decided"], *now["decided"]))
    checks = dict.fromkeys([] if whole else [*was["checks"], *now["checks"]])
    found = []
    for check in checks:
        one, other = was["checks"].get(check), now["checks"].get(check)
        if one != other and (not _alike(one, other) or _worth(one) != _worth(other)):
            reason = _reason(check, one, other, before, after)
            found.append(Part(check, _state(one), _state(other), reason))
    yield from found
    if not found and (_standing(was) != _standing(now)):
        yield Part(item, _standing(was), _standing(now), _reason(item, was, now, before, after))


def _reason(target: str, one: Any, other: Any, before: Snapshot, after: Snapshot) -> str:
    """Why a check or an item is not what it was, by what else is not what it was."""
    was, now = ([d for d in _decided(s) if touches(d[0], target)] for s in (before, after))
    if any(made not in was for made in now):
        return "correction"
    if before["sha256"] != after["sha256"]:
        return "file"
    if was != now:
        return "correction"
    if before["rubric"] != after["rubric"] and (_alike(one, other) or not (one and other)):
        return "rubric"
    return _cause(before, after)


def _cause(before: Snapshot, after: Snapshot) -> str:
    """Of what is nobody's decision."""
    if before.get("sha256") != after.get("sha256"):
        return "file"
    same = before.get("grader") == after.get("grader")
    return "rubric" if before.get("rubric") != after.get("rubric") and same else "grader"


def _decided(found: Snapshot) -> list[list[Any]]:
    """Target and points of every decision; its words change no grade."""
    return [made[:2] for item in found.get("items", {}).values() for made in item["decided"]]


def _alike(one: Any, other: Any) -> bool:
    """Whether the verdict is the same, whatever it is worth."""
    if not one or not other or one.get("status") != other.get("status"):
        return False
    return abs(_share(one) - _share(other)) < 0.005


def _share(found: Mapping[str, Any]) -> float:
    worth = found.get("max_points", 0)
    return float(found["points"] / worth) if worth else 0.0


def _worth(found: Any) -> float | None:
    return round(found["points"], 2) if found else None


def _state(check: Any) -> str:
    return f"{check['points']:g} of {check['max_points']:g}, {check['status']}" if check else "-"


def _standing(item: Mapping[str, Any]) -> str:
    if "points" not in item:
        return "-"
    return f"{item['points']:g}{', to be looked at' if item['open'] else ''}"


def _late(found: Snapshot) -> str:
    percent, is_open = found["late"]
    return f"{percent:g} %{', to be settled' if is_open else ''}"


def _points(points: float | None) -> str:
    return "no score" if points is None else f"{points:g}"


def _students(count: int) -> str:
    return "1 student" if count == 1 else f"{count} students"


def _read(path: Path) -> dict[str, Snapshot]:
    with _journal(path) as journal:
        found = snapshots(read_gradebook(journal))
    if not found:  # that nobody changed would be no news
        raise UsageError(f"There is no gradebook in {path}.")
    return found


@contextmanager
def _journal(path: Path) -> Iterator[Journal]:
    """Of a folder of grades, or a journal that is kept under any name; of the latter a copy is
    read, so that it stays as it is."""
    if path.is_dir():
        with Journal(path) as journal:
            yield journal
        return
    with tempfile.TemporaryDirectory(prefix="ddpm-grader-") as folder:
        if not path.is_file():
            raise UsageError(f"{path} is no journal.")
        try:
            for ending in ("", "-wal"):
                if Path(f"{path}{ending}").is_file():
                    shutil.copyfile(f"{path}{ending}", Path(folder) / f"{FILE}{ending}")
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from None
        try:
            with Journal(Path(folder)) as journal:
                yield journal
        except JournalError as error:
            raise UsageError(f"{path} is damaged, or no journal of this grader.") from error
