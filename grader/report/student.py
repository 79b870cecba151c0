"""One student's page, for the student or for TAs."""

import base64
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.assignment import SETTING
from grader.batch.decisions import Decision
from grader.batch.gradebook import Entry, Gradebook, GradedItem
from grader.batch.telling import Telling
from grader.messages.message import say, sentence
from grader.report.curves import curves_of
from grader.report.templating import templates
from grader.report.titles import item_title
from grader.report.words import Words
from grader.results import CheckResult

ALL = 1e-9  # of the points, beside rounding
Pair = Mapping[str, Any]


@dataclass(frozen=True)
class Lost:
    """A line of what was lost, such as ``Cosine schedule: 0 of 5``; ``item`` says where."""

    item: str
    title: str
    points: float
    max_points: float


@dataclass(frozen=True)
class Told:
    """Checks of an item to which the same was said; ``decided`` by a person it is one alone.
    ``texts`` is what is said, in each language; ``only``: these are all of the item's."""

    checks: Sequence[CheckResult]
    title: str
    points: float
    max_points: float
    decided: Decision | None
    texts: Sequence[str]
    only: bool

    @property
    def first(self) -> CheckResult:
        return self.checks[0]


@dataclass(frozen=True)
class Around:
    """What a page for TAs tells of its neighbours: the labels of the students before and after,
    the pairs that are alike, and the folder of grades that commands name."""

    before: str | None = None
    after: str | None = None
    pairs: Sequence[Pair] = ()
    grades: Path = Path("GRADES")


def student_page(
    gradebook: Gradebook,
    entry: Entry,
    overlay: bytes,
    shown: Mapping[str, Any],
    *,
    around: Around | None = None,
) -> str:
    """One student's page in the class's language; details, flags, hidden items' sentences and
    commands only for TAs, whose page has ``around`` and is in English."""
    visible = {item["id"]: item["visibility"] == "visible" for item in gradebook.items}
    ta = around is not None
    words = Words("en" if ta else gradebook.language)
    page, texts = templates().get_template("student.html"), _Texts(words)
    return page.render(
        title=gradebook.title,
        entry=entry,
        ta=ta,
        around=around,
        words=words,
        seen={item.id: ta or visible.get(item.id, False) for item in entry.items},
        lost=lost(entry, {item for item, is_seen in visible.items() if is_seen or ta}, words),
        parts=_parts(entry),
        overlay=base64.b64encode(overlay).decode("ascii"),
        shown={"asked": [], "pictures": [], "settings": {}, **shown},
        curves=curves_of,
        told=lambda item: told(item, words, texts, apart=ta),
        say=say,
        environment=entry.result.environment if entry.result else {},
        command=around and _Command(around.grades, entry.label),
    )


class _Texts:
    """What a check says, in each language of the page; what was told before is only named."""

    def __init__(self, words: Words) -> None:
        self._tell = {language: Telling() for language in words.languages}

    def __call__(self, item: str, check: CheckResult) -> list[str]:
        said, passed = check.said, check.status == "passed"
        texts = {
            sentence(said if passed else tell(item_title(item, language), said), language): None
            for language, tell in self._tell.items()
        }
        return list(texts)


@dataclass(frozen=True)
class _Command:
    """Commands that decide on something of this student's, ready to be pasted."""

    grades: Path
    label: str

    @property
    def review(self) -> str:
        return shlex.join(["ddpm-grader", "review", str(self.grades)])

    def correct(self, target: str, *rest: str) -> str:
        words = ["ddpm-grader", "correct", str(self.grades), self.label, target, *rest]
        return shlex.join(words)


def lost(entry: Entry, visible: set[str], words: Words) -> list[Lost]:
    """What lost points for good, the most first. An item that lost all of them, on which a person
    decided as a whole, or that hides its checks is one line."""
    found = []
    for item in entry.items:
        if item.open or entry.only_reason or item.points >= item.max_points - ALL:
            continue
        apart = item.decision is None and item.points > ALL and item.id in visible
        if apart and len(item.checks) > 1:
            found += [line for check in item.checks if (line := _lost_check(item, check, words))]
        else:
            found.append(Lost(item.id, words.item(item.id), item.points, item.max_points))
    return sorted(found, key=lambda line: line.points - line.max_points)


def _lost_check(item: GradedItem, check: CheckResult, words: Words) -> Lost | None:
    points, most = item.points_of(check), check.max_points
    lost_some = points < most - ALL
    return Lost(item.id, words.full(check.id), points, most) if lost_some else None


def told(item: GradedItem, words: Words, texts: "_Texts", *, apart: bool) -> list[Told]:
    """The checks of an item; those to which the same is said are one, unless ``apart``. Of what a
    person decided nothing is said but by that person, or ``apart``."""
    found: dict[Any, list[CheckResult]] = {}
    for check in item.checks:
        alone = apart or check.id in item.decided
        found.setdefault(check.id if alone else (check.status, check.message), []).append(check)
    merged: dict[Any, tuple[list[str], list[CheckResult]]] = {}
    for key, checks in found.items():
        silent = checks[0].id in item.decided and not apart
        said = [] if silent else texts(item.id, checks[0])
        same = key if isinstance(key, str) else (checks[0].status, *said)
        merged.setdefault(same, (said, []))[1].extend(checks)
    only = len(merged) == 1
    return [_told(item, checks, words, said, only=only) for said, checks in merged.values()]


def _told(
    item: GradedItem,
    checks: Sequence[CheckResult],
    words: Words,
    texts: Sequence[str],
    *,
    only: bool,
) -> Told:
    first, *rest = [words.check(check.id) for check in checks]
    names = [first, *(name if "_" in name else name[:1].lower() + name[1:] for name in rest)]
    points, most = sum(map(item.points_of, checks)), sum(c.max_points for c in checks)
    made = item.decided.get(checks[0].id)
    return Told(checks, ", ".join(names), points, most, made, texts, only)


def _parts(entry: Entry) -> list[tuple[str, list[GradedItem]]]:
    """The items in their order, the settings as one part among them."""
    found: dict[str, list[GradedItem]] = {}
    for item in entry.items:
        name = SETTING if item.id.startswith(SETTING) else item.id
        found.setdefault(name, []).append(item)
    return list(found.items())
