"""The forms that decide."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from grader.batch.deciding import decided
from grader.batch.decisions import TILES
from grader.batch.gradebook import Entry
from grader.errors import UsageError
from grader.messages.message import say
from grader.review import acts
from grader.review.bench import Workbench
from grader.review.forms import asked_for, comment_of, form_of, one, points_of, seen_of
from grader.review.groups import Doubt, Group
from grader.review.looking import student_values


async def decide(bench: Workbench, request: Request) -> Response:
    """One answer for all of a group's students that are ticked."""
    form = await form_of(request)
    group = bench.room.group(one(form, "group"))
    answer = acts.answer_of(one(form, "answer"))
    if group is None or answer is None:
        raise UsageError(say("review.nobody"))
    doubts = ticked(bench, group, form.get("member", []))
    if not doubts:
        raise UsageError(say("review.nobody_ticked"))
    act = acts.new_act()
    comment = comment_of(form)
    share = None
    if answer == "points":
        share = points_of(one(form, "points")) / (group.max_points or 1)
    elif answer == "same":
        last = group.like_the_others
        share = group.share_of(last) if last else None
        comment = comment or (last.comment if last else "")
    made = [
        decision
        for doubt in doubts
        for decision in acts.settle(
            doubt,
            answer,
            share,
            comment,
            bench.wanted.who,
            group.id,
            act,
        )
    ]
    later = bench.queue(asked_for(form)).after(group)
    bench.keep(made, seen_of(form))
    queue = bench.queue(asked_for(form))
    after = bench.room.group(group.id)
    following = after if after is not None and after.open else later
    if following is not None:
        following = bench.room.group(following.id) or queue.first
    return bench.render(
        "decided.html",
        act=act,
        count=len(doubts),
        answer=answer,
        **bench.panel(queue, following),
    )


def ticked(bench: Workbench, group: Group, members: Sequence[str]) -> list[Doubt]:
    """The students of a group that a form names, as they were when it was shown.

    Raises ``UsageError`` if the file of one has changed since.
    """
    wanted = dict(member.partition("~")[::2] for member in members)
    found = []
    for doubt in group.doubts:
        shown = wanted.get(bench.room.sid(doubt.entry.label))
        if shown is None:
            continue
        if shown != stamp(doubt.entry):
            raise UsageError(say("review.group_graded_anew", name=bench.name(doubt.entry)))
        found.append(doubt)
    return found


def stamp(entry: Entry) -> str:
    """Of the file that counts and its result."""
    return (entry.key or "")[:16]


async def decide_check(bench: Workbench, request: Request) -> Response:
    """Points for one item or check of one student; blank ones withdraw."""
    form = await form_of(request)
    entry = bench.room.whole(bench.student(one(form, "sid")))
    if one(form, "stamp") != stamp(entry):
        raise UsageError(say("review.graded_anew"))
    text, target = one(form, "points").strip(), one(form, "target")
    points = points_of(text) if text and one(form, "answer") != "withdraw" else None
    made = decided(entry, target, points, comment_of(form), bench.wanted.who, act=acts.new_act())
    bench.keep([made], seen_of(form))
    answer = "undo" if points is None else "points"
    return show_decided(bench, one(form, "sid"), answer, made.act)


def show_decided(bench: Workbench, sid: str, answer: str, act: str) -> Response:
    """A student's page after a decision, with what changed beside it."""
    return bench.render(
        "student_decided.html",
        queue=bench.queue({}),
        group=None,
        act=act,
        count=1,
        answer=answer,
        **student_values(bench, sid),
    )


async def overrule(bench: Workbench, request: Request) -> Response:
    """Turns one digit from clear to not clear, or back; a decision on all of them falls."""
    form = await form_of(request)
    entry = bench.room.whole(bench.student(one(form, "sid")))
    if one(form, "stamp") != stamp(entry):
        raise UsageError(say("review.graded_anew"))
    target = f"{TILES} {one(form, 'tile')}"
    item = next(item for item in entry.items if item.id == TILES.partition(".")[0])
    act, who = acts.new_act(), bench.wanted.who
    over = [item.decision, item.decided.get(TILES)]
    made = [decided(entry, d.target, None, "", who, act=act) for d in over if d is not None]
    before = decided(entry, target, 1.0, "", who, act=act, worth=1.0)
    now_clear = not before.before
    made.append(decided(entry, target, float(now_clear), "", who, act=act, worth=1.0))
    seen = seen_of(form)
    bench.keep(made, seen)
    entry = bench.room.whole(entry)
    card = bench.evidence.cards(entry, [item.id], bench.mask, bench.words)[0]
    own = all(made.act == act for made in bench.room.decided_since(seen))
    return bench.render("tiles.html", card=card, entry=entry, seen=bench.room.seen if own else seen)


async def take_back(bench: Workbench, request: Request) -> Response:
    """Undoes an act, or the last one of this reviewer's."""
    form = await form_of(request)
    act = one(form, "act") or acts.last_act(bench.room.history, bench.wanted.who) or ""
    back, seen = acts.undo(bench.room.history, act, bench.wanted.who, bench.room.keys)
    group = next((made.group for made in bench.room.history if made.act == act and made.group), "")
    bench.keep(back, seen)
    if not group and back[0].label in bench.room.entries:
        return show_decided(bench, bench.room.sid(back[0].label), "undo", "")
    queue = bench.queue(asked_for(form))
    found = bench.room.group(group) or queue.first
    return bench.render(
        "decided.html",
        act="",
        count=len({made.label for made in back}),
        answer="undo",
        **bench.panel(queue, found),
    )
