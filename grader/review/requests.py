"""Regrade requests as a queue: each is answered by a text, and points where they change."""

from starlette.requests import Request
from starlette.responses import Response

from grader.batch.deciding import decided
from grader.batch.journal import Answered
from grader.batch.requests import entry_of_request, target_of
from grader.errors import UsageError
from grader.review import acts
from grader.review.bench import Workbench
from grader.review.forms import form_of, number, one, seen_of


async def show(bench: Workbench, request: Request) -> Response:
    """The open ones, the first with what the grader saw, and those that were answered."""
    asked = bench.journal.requests()
    wanted = request.query_params.get("number", "")
    waiting = [one for one in asked if one.answer is None]
    now = next((one for one in asked if str(one.number) == wanted), None) or next(
        iter(waiting), None
    )
    entry = entry_of_request(bench.room.gradebook, now) if now else None
    target = target_of(entry, now) if entry and now else None
    cards = []
    if entry is not None:
        whole = bench.room.whole(entry)
        items = [target.partition(".")[0]] if target else [item.id for item in whole.items]
        cards = bench.evidence.cards(whole, items, bench.mask)
    return bench.view(
        request,
        "requests",
        asked=asked,
        waiting=waiting,
        now=now,
        entry=entry,
        target=target,
        cards=cards,
    )


async def answer(bench: Workbench, request: Request) -> Response:
    """The answer, and points if they are given: both are kept, or neither."""
    form = await form_of(request)
    asked = {str(found.number): found for found in bench.journal.requests()}
    found = asked.get(one(form, "number"))
    text = one(form, "text").strip()[:20_000]
    if found is None or not text:
        raise UsageError("An answer needs a text.")
    entry = entry_of_request(bench.room.gradebook, found)
    points = one(form, "points").strip()
    made = []
    if points:
        target = target_of(entry, found) if entry else None
        if entry is None or target is None:
            raise UsageError("It is not clear whose points, or which, these are to be.")
        given, who = number(points, "The points"), bench.wanted.who
        made = [decided(bench.room.whole(entry), target, given, text, who, act=acts.new_act())]
    answered = Answered(found.number, text, bench.wanted.who, one(form, "answered"))
    bench.keep(made, seen_of(form), answered)
    return await show(bench, request)
