"""What a reviewer sees of one student: the items with their checks, code, numbers and pictures."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from grader.assignment import SETTING_ITEMS
from grader.batch.code import judged
from grader.batch.decisions import TILES, Decision
from grader.batch.evidence import verdicts_from
from grader.batch.gradebook import Entry, GradedItem
from grader.batch.journal import Journal
from grader.checks.items import known_items
from grader.messages.message import Said, messages_in, said_in, say
from grader.report.curves import Curve, curves_of
from grader.report.mask import Mask
from grader.results import CheckResult
from grader.review.code import Statement, statements_for
from grader.review.words import Words

OLD = "graded before code was kept; grade again to see it"
MOST_NUMBERS = 60  # of a check
MOST_TEXT = 4000  # letters of one number or traceback
VIEWS = {
    "first frame": "page.gif_first",
    "middle frame": "page.gif_middle",
    "last frame": "page.gif_last",
    "image": "page.no_grid",
}


@dataclass(frozen=True)
class Check:
    """A check with a person's decision, if there is one. ``measured`` and ``numbers`` are names and
    texts, the former what a TA looks at first; ``raised`` is the traceback of an error."""

    id: str
    status: str
    message: str
    points: float
    automatic: float
    max_points: float
    decision: Decision | None
    measured: Sequence[tuple[str, str]]
    numbers: Sequence[tuple[str, str]]
    raised: str

    @property
    def name(self) -> str:
        return self.id.partition(".")[2]


@dataclass(frozen=True)
class Tile:
    """A digit of the samples; ``person`` says whether a person overruled it."""

    number: int
    label: str
    predicted: str
    confidence: int
    clear: bool
    person: bool


@dataclass(frozen=True)
class TileGrid:
    """The picture of the samples: its size, and the corner of each digit."""

    width: int
    height: int
    corners: Sequence[tuple[int, int]]

    def place(self, number: int) -> tuple[int, int]:
        """The upper left corner of a digit."""
        return self.corners[number]

    @classmethod
    def of(cls, entry: Entry) -> "TileGrid":
        """As ``draw_overlay`` lays it out."""
        from grader.digits.overlay import layout

        tiles = entry.result.digits.tiles if entry.result else ()
        rows = 1 + max((tile.row for tile in tiles), default=0)
        columns = 1 + max((tile.column for tile in tiles), default=0)
        width, height, corner = layout(rows, columns)
        return cls(width, height, [corner(tile.row, tile.column) for tile in tiles])


@dataclass(frozen=True)
class Picture:
    """``name`` is its address below the student's, ``said`` what it is."""

    name: str
    said: Said
    refused: bool = False
    pixelated: bool = False


@dataclass(frozen=True)
class Card:
    """An item of one student. ``why_no_code`` says why code is not shown, if it could be."""

    item: GradedItem
    checks: Sequence[Check]
    code: Sequence[Statement] = ()
    why_no_code: str = ""
    curves: Sequence[Curve] = ()
    pictures: Sequence[Picture] = ()
    tiles: Sequence[Tile] = ()
    asked: Sequence[Mapping[str, Any]] = ()
    cut: bool = False
    has_reference: bool = field(default=False)


class Evidence:
    """Reads what is shown of students from the journal, the last ones kept at hand."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._shown = lru_cache(8)(journal.pictures)

    def picture(self, key: str, name: str) -> tuple[bytes, str] | None:
        """The bytes of a picture and its type."""
        overlay, shown = self._shown(key)
        if name == "overlay":
            return (overlay, "image/png") if overlay else None
        found = dict(_encoded(shown)).get(name)
        return (base64.b64decode(found), "image/webp") if found else None

    def cards(self, entry: Entry, items: Sequence[str], mask: Mask, words: Words) -> list[Card]:
        """The cards of these items, of an entry with all its details."""
        overlay, shown = self._shown(entry.key) if entry.key else (b"", {})
        measured = self._measured(entry.key)
        return [
            _card(item, entry, bool(overlay), shown, measured, mask, words)
            for item in entry.items
            if item.id in items
        ]

    def _measured(self, key: str | None) -> dict[str, Mapping[str, Any]]:
        text = self._journal.verdicts(key) if key else None
        return {v.check: v.measured for v in verdicts_from(text)} if text else {}


def _card(
    item: GradedItem,
    entry: Entry,
    has_overlay: bool,
    shown: Mapping[str, Any],
    measured: Mapping[str, Mapping[str, Any]],
    mask: Mask,
    words: Words,
) -> Card:
    checks = [
        _check(item, check, measured.get(check.id, {}), mask, words, entry) for check in item.checks
    ]
    code: Sequence[Statement] = ()
    why = ""
    kept = shown.get("code")
    rejected = entry.result is not None and entry.result.status == "rejected"
    read = item.id in judged() and not rejected
    if read and entry.key:
        if kept is None:
            why = OLD
        else:
            hidden = _masked(kept, mask, entry)
            code = statements_for(
                item.id, hidden, [text for check in item.checks for text in _quoted(check)]
            )
            known = code or not kept.get("whole", True)
            why = "" if known else "no statement that defines it ran"
    return Card(
        item,
        checks,
        code,
        why,
        curves_of(item),
        list(_pictures(item.id, shown, has_overlay)),
        tiles_of(item, entry),
        [
            {
                "prompt": mask.text(asked["prompt"] or "", entry),
                "how": words.sentence(_how(asked)),
            }
            for asked in shown.get("asked", ())
        ]
        if item.id == "text_to_image"
        else (),
        cut=kept is not None and not kept.get("whole", True),
        has_reference=read,
    )


def _masked(code: Mapping[str, Any], mask: Mask, entry: Entry) -> Mapping[str, Any]:
    if not mask.hides:
        return code
    statements = [[cell, line, mask.text(text, entry)] for cell, line, text in code["statements"]]
    return {**code, "statements": statements}


def _check(
    item: GradedItem,
    check: CheckResult,
    measured: Mapping[str, Any],
    mask: Mask,
    words: Words,
    entry: Entry,
) -> Check:
    details = dict(check.details)
    raised = str(details.pop("traceback", "") or "")[:MOST_TEXT]
    details.pop("curve", None)
    return Check(
        check.id,
        check.status,
        mask.text(words.sentence(check.said), entry),
        item.points_of(check),
        check.points,
        check.max_points,
        item.decided.get(check.id),
        [(name, mask.text(words.sentence(said), entry)) for name, said in measured.items()],
        [(name, mask.text(text, entry)) for name, text in _numbers(details)][:MOST_NUMBERS],
        mask.text(raised, entry),
    )


def _quoted(check: CheckResult) -> Iterator[str]:
    """What names lines of the notebook: Python's own texts that a check quotes, and places."""
    yield str(check.details.get("traceback", ""))
    for message in messages_in(check.said):
        if {"cell", "line"} <= message.values.keys():
            yield f"cell {message.values['cell']}, line {message.values['line']}"
        yield from (value for value in message.values.values() if isinstance(value, str))


def _numbers(details: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The numbers beside it, a line each; lists of records a line for each of them."""
    for name, value in details.items():
        words = name.replace("_", " ")
        if isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
            for number, record in enumerate(value, 1):
                text = ", ".join(
                    f"{n.replace('_', ' ')} {_said(v)}" for n, v in record.items() if v != ""
                )
                yield f"{words} {number}", text[:MOST_TEXT]
        elif value not in ("", [], {}):
            yield words, _said(value)[:MOST_TEXT]


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _encoded(shown: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every picture but the overlay, by its address."""
    for n, picture in enumerate(shown.get("pictures", ())):
        yield f"own-{n}", picture
    for n, refused in enumerate(shown.get("refused", ())):
        yield f"refused-{n}", refused["picture"]
    for name, picture in shown.get("settings", {}).items():
        yield f"tiles-{name}", picture
    for name, views in shown.get("views", {}).items():
        for what, picture in views.items():
            yield f"{what.replace(' ', '-')}-{name}", picture


def _how(asked: Mapping[str, Any]) -> Said:
    """With which settings a picture was asked for; an older journal has a sentence."""
    return say("page.asked", **asked["values"]) if "values" in asked else str(asked["how"])


def _why(refused: Mapping[str, Any]) -> Said:
    """What a picture looks like that is not counted; an older journal has two texts."""
    return said_in({"message": f"{refused.get('look')}: {refused.get('where')}", **refused})


def _pictures(item: str, shown: Mapping[str, Any], has_overlay: bool) -> Iterator[Picture]:
    pictures = known_items()[item].pictures if item in known_items() else ""
    if pictures == "samples" and has_overlay:
        yield Picture("overlay", say("page.samples"))
    if pictures == "works":
        for n, _ in enumerate(shown.get("pictures", ())):
            yield Picture(f"own-{n}", say("page.picture"))
        for n, refused in enumerate(shown.get("refused", ())):
            yield Picture(f"refused-{n}", _why(refused), refused=True)
    if pictures == "setting":
        name = SETTING_ITEMS[item]
        if name in shown.get("settings", {}):
            yield Picture(f"tiles-{name}", say("page.setting_digits"), pixelated=True)
        for what in shown.get("views", {}).get(name, {}):
            address, refused = f"{what.replace(' ', '-')}-{name}", what == "image"
            yield Picture(address, say(VIEWS[what]), refused=refused)


def tiles_of(item: GradedItem, entry: Entry) -> list[Tile]:
    """The digits that were counted, with what people say of them; none of another item."""
    if item.id != TILES.partition(".")[0] or entry.result is None:
        return []
    found = []
    for number, reading in enumerate(entry.result.digits.tiles):
        made = item.tiles.get(number)
        found.append(
            Tile(
                number,
                "–" if reading.label is None else str(reading.label),
                str(reading.predicted),
                round(100 * reading.confidence),
                bool(made.points) if made else reading.clear,
                made is not None,
            )
        )
    return found
