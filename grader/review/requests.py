"""Regrade requests as a queue: each is answered by a text, and points where they change."""

from starlette.requests import Request
from starlette.responses import Response

from grader.batch.deciding import decided
from grader.batch.gradebook import Entry
from grader.batch.kept_decisions import Answered
from grader.batch.kept_decisions import Request as Asked
from grader.batch.requests import entry_of_request, target_of
from grader.errors import UsageError
from grader.messages.message import say
from grader.report.mask import HIDDEN
from grader.review import acts
from grader.review.bench import Workbench
from grader.review.forms import form_of, one, points_of, seen_of


async def show(bench: Workbench, request: Request) -> Response:
    """The open ones, the first with what the grader saw, and those that were answered."""
    asked = bench.journal.requests()
    wanted = request.query_params.get("number", "")
    waiting = [one for one in asked if one.answer is None]
    now = next((one for one in asked if str(one.number) == wanted), None) or next(
        iter(waiting), None
    )
    entry = _whose(bench, now) if now else None
    target = target_of(entry, now) if entry and now else None
    cards = []
    if entry is not None:
        items = [target.partition(".")[0]] if target else [item.id for item in entry.items]
        cards = bench.evidence.cards(entry, items, bench.mask, bench.words)
    return bench.view(
        request,
        "requests",
        asked=asked,
        waiting=waiting,
        names={one.number: _name(bench, one) for one in asked},
        now=now,
        entry=entry,
        target=target,
        cards=cards,
    )


def _whose(bench: Workbench, asked: Asked) -> Entry | None:
    """Who asked, with everything; also one who handed in nothing."""
    entry = entry_of_request(bench.room.gradebook, asked)
    return bench.room.whole(entry) if entry is not None else None


def _name(bench: Workbench, asked: Asked) -> str:
    """What the one who asked is called on the page."""
    entry = entry_of_request(bench.room.gradebook, asked)
    if entry is not None:
        return bench.name(entry)
    return HIDDEN if bench.wanted.anonymous else asked.student


async def answer(bench: Workbench, request: Request) -> Response:
    """The answer, and points if they are given: both are kept, or neither."""
    form = await form_of(request)
    asked = {str(found.number): found for found in bench.journal.requests()}
    found = asked.get(one(form, "number"))
    text = one(form, "text").strip()[:20_000]
    if found is None or not text:
        raise UsageError(say("review.answer_needs_text"))
    entry = _whose(bench, found)
    points = one(form, "points").strip()
    made = []
    if points:
        target = target_of(entry, found) if entry else None
        if entry is None or target is None:
            raise UsageError(say("review.whose_points"))
        given, who = points_of(points), bench.wanted.who
        made = [decided(entry, target, given, text, who, act=acts.new_act())]
    answered = Answered(found.number, text, bench.wanted.who, one(form, "answered"))
    bench.keep(made, seen_of(form), answered)
    return await show(bench, request)
