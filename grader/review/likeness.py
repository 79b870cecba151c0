"""Work that is alike, side by side: a pair as two columns, a crowd as one card."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from grader.batch.deciding import decide_by_word
from grader.batch.decisions import ALIKE, Decision
from grader.batch.gradebook import Entry, keys_of
from grader.batch.likeness import said_of
from grader.batch.prints import same_line
from grader.errors import UsageError
from grader.messages.message import Said, say
from grader.report.circles import Circle, circles
from grader.review import acts
from grader.review.bench import Workbench
from grader.review.classroom import Classroom
from grader.review.code import coloured
from grader.review.forms import comment_of, form_of, one, seen_of

WORDS = ("copied", "fine", "ask")


@dataclass(frozen=True)
class Alike:
    """Students whose work is alike, and what was decided about it."""

    id: str
    circle: Circle
    decision: Decision | None

    @property
    def evidence(self) -> Said:
        """What is most alike."""
        return said_of(self.circle.pairs[0])

    @property
    def target(self) -> str:
        return f"{ALIKE}{self.circle.what} {self.id}"


def circle_id(circle: Circle) -> str:
    """The same for the same students, alike in the same."""
    text = "\n".join([circle.what, *sorted(circle.members)]).encode("utf-8", "replace")
    return hashlib.sha256(text).hexdigest()[:12]


def all_alike(room: Classroom) -> list[Alike]:
    """Every crowd, and of small circles every pair; the undecided first."""
    found = []
    for circle in circles(room.pairs):
        parts = [circle]
        if not circle.is_crowd:
            parts = [Circle(p["what"], [p["first"], p["second"]], [p]) for p in circle.pairs]
        for part in parts:
            alike = Alike(circle_id(part), part, None)
            found.append(Alike(alike.id, part, _standing(room, alike)))
    return sorted(found, key=lambda alike: alike.decision is not None)


def circles_with(room: Classroom, label: str) -> list[Alike]:
    return [alike for alike in all_alike(room) if label in alike.circle.members]


def _standing(room: Classroom, alike: Alike) -> Decision | None:
    entry = room.entries.get(alike.circle.members[0])
    if entry is None:
        return None
    return room.decisions.of(keys_of(entry.label, entry.row)).get(alike.target)


async def show(bench: Workbench, request: Request) -> Response:
    """All of them."""
    return bench.view(request, "alikes", found=all_alike(bench.room))


def _found(room: Classroom, alike_id: str) -> Alike:
    found = next((alike for alike in all_alike(room) if alike.id == alike_id), None)
    if found is None:
        raise HTTPException(404)
    return found


async def show_one(bench: Workbench, request: Request) -> Response:
    """A pair with its code side by side; of a crowd the first two."""
    alike = _found(bench.room, request.path_params["circle"])
    return bench.render(
        "alike_page.html",
        queue=bench.queue(request.query_params),
        group=None,
        alike=alike,
        columns=_columns(bench, alike),
        words=WORDS,
    )


def _columns(bench: Workbench, alike: Alike) -> list[dict[str, Any]]:
    pair = alike.circle.pairs[0]
    rare = {same_line(line) for line in pair["lines"]}
    found = []
    for label in (pair["first"], pair["second"]):
        entry = bench.room.entries.get(label)
        if entry is not None:
            found.append({"entry": entry, "cells": _cells(bench, entry, rare)})
    return found


def _cells(bench: Workbench, entry: Entry, rare: set[str]) -> list[dict[str, Any]]:
    """What ran of the student's cells, each line with whether both wrote it and nobody else."""
    _, shown = bench.journal.pictures(entry.key) if entry.key else (b"", {})
    code: Mapping[str, Any] = shown.get("code") or {"statements": []}
    cells: dict[int, list[dict[str, Any]]] = {}
    for cell, first, source in code["statements"]:
        marks = [same_line(text) in rare for text in source.split("\n")]
        for n, text in enumerate(coloured(bench.mask.text(source, entry))):
            is_rare = n < len(marks) and marks[n]
            cells.setdefault(cell, []).append({"number": first + n, "html": text, "rare": is_rare})
    return [{"cell": cell, "lines": lines} for cell, lines in cells.items()]


async def decide(bench: Workbench, request: Request) -> Response:
    """Copied, fine, or to be asked; the same for all of the circle."""
    form = await form_of(request)
    alike, word = _found(bench.room, one(form, "circle")), one(form, "word")
    if word not in WORDS:
        raise UsageError(say("review.answer_one_of", words=", ".join(WORDS)))
    act = acts.new_act()
    entries = [bench.room.entries.get(label) for label in alike.circle.members]
    made = [
        decide_by_word(entry, alike.target, word, comment_of(form), bench.wanted.who, act)
        for entry in entries
        if entry is not None
    ]
    bench.keep(made, seen_of(form))
    return await show(bench, request)
