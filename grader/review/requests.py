"""Regrade requests as a queue: each is answered by a text, and points where they change."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from grader.batch.deciding import decided
from grader.batch.requests import entry_of_request, target_of
from grader.errors import UsageError
from grader.review import acts

if TYPE_CHECKING:
    from grader.review.app import Workbench


async def show(bench: "Workbench", request: Request) -> Response:
    """The open ones, the first with what the grader saw, and those that were answered."""
    from grader.review.app import filters_of

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
    page = not request.headers.get("hx-request")
    return bench.render(
        "requests_page.html" if page else "requests.html",
        queue=bench.queue(filters_of(bench, {})),
        group=None,
        asked=asked,
        waiting=waiting,
        now=now,
        entry=entry,
        target=target,
        cards=cards,
    )


async def answer(bench: "Workbench", request: Request) -> Response:
    """The answer, and points if they are given: then both are kept, or neither."""
    from grader.review.app import form_of, number, one, seen_of

    form = await form_of(request)
    asked = {str(found.number): found for found in bench.journal.requests()}
    found = asked.get(one(form, "number"))
    text = one(form, "text").strip()[:20_000]
    if found is None or not text:
        raise UsageError("An answer needs a text.")
    if found.answer is not None and one(form, "again") != "yes":
        raise UsageError(
            f"{found.who} answered this meanwhile ({found.made}). Load the page again."
        )
    entry = entry_of_request(bench.room.gradebook, found)
    points = one(form, "points").strip()
    if points:
        target = target_of(entry, found) if entry else None
        if entry is None or target is None:
            raise UsageError("It is not clear whose points, or which, these are to be.")
        given = number(points, "The points")
        made = decided(
            bench.room.whole(entry), target, given, text, bench.wanted.who, act=acts.new_act()
        )
        bench.keep([made], seen_of(form))
    bench.journal.answer(found.number, text, bench.wanted.who)
    return await show(bench, request)
