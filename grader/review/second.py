"""A second opinion: settled decisions, drawn by chance and shown without what was decided."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from grader.batch.deciding import decide_by_word
from grader.batch.decisions import SECOND, Decision
from grader.batch.gradebook import Entry, keys_of
from grader.errors import UsageError
from grader.messages.message import say
from grader.review import acts
from grader.review.bench import Workbench
from grader.review.forms import comment_of, form_of, one, points_of, seen_of
from grader.review.shares import sample


def drawn(bench: Workbench) -> list[dict[str, Any]]:
    """The sample: each with the entry, the first decision, and this reviewer's own, if made."""
    room = bench.room
    owners: dict[str, Entry] = {
        key: entry for entry in room.entries.values() for key in keys_of(entry.label, entry.row)
    }
    standing = {
        (made.key, made.target): made
        for entry in room.entries.values()
        for item in entry.items
        for made in item.by_person
    }
    found = []
    for made in sample(standing.values(), bench.wanted.who):
        entry = owners.get(made.key)
        if entry is None:
            continue
        mine = room.decisions.of(keys_of(entry.label, entry.row)).get(f"{SECOND}{made.target}")
        found.append({"entry": entry, "first": made, "second": mine, "differ": differ(made, mine)})
    return found


def differ(first: Decision, second: Decision | None) -> bool | None:
    """Whether both gave other points; None while there is no second opinion."""
    if second is None:
        return None
    return abs(float(second.word) - (first.points or 0.0)) > 1e-9


async def show(bench: Workbench, request: Request) -> Response:
    """The sample, and where opinions differ."""
    found = drawn(bench)
    waiting = next((one for one in found if one["second"] is None), None)
    cards = []
    if waiting is not None:
        entry = bench.room.whole(waiting["entry"])
        item = waiting["first"].target.partition(".")[0]
        cards = bench.evidence.cards(entry, [item], bench.mask, bench.words)
    return bench.view(request, "second", found=found, waiting=waiting, cards=cards)


async def decide(bench: Workbench, request: Request) -> Response:
    """Keeps the second opinion; the points stay those of the first."""
    form = await form_of(request)
    entry, target = bench.student(one(form, "sid")), one(form, "target")
    first = next(
        (o for o in drawn(bench) if (o["entry"], o["first"].target) == (entry, target)), None
    )
    if first is None:
        raise UsageError(say("review.not_in_sample"))
    points, worth = points_of(one(form, "points")), first["first"].out_of
    if not 0 <= points <= (worth if worth is not None else points):
        raise UsageError(say("review.points_from", most=worth))
    word = f"{points:g}"
    made = decide_by_word(
        entry, f"{SECOND}{target}", word, comment_of(form), bench.wanted.who, acts.new_act()
    )
    bench.keep([made], seen_of(form))
    return await show(bench, request)
