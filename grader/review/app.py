"""The pages of the workbench, and what their forms do."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jinja2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from grader.batch.deciding import decided
from grader.batch.decisions import TILES, Decision, Overtaken
from grader.batch.gradebook import Entry
from grader.batch.journal import Journal
from grader.errors import GraderError, UsageError
from grader.review import acts, likeness, second
from grader.review import requests as asked
from grader.review.cards import Evidence, TileGrid
from grader.review.classroom import Classroom
from grader.review.code import reference_for
from grader.review.groups import Doubt, Group
from grader.review.mask import Mask
from grader.review.queue import Filters, Queue
from grader.review.saving import Writer
from grader.review.security import Guard, Keys
from grader.review.words import Words

STATIC = Path(__file__).with_name("static")
TYPES = {".js": "text/javascript", ".css": "text/css"}
MOST_FORM = 1_000_000  # bytes
MOST_COMMENT = 2000
MOST_HISTORY = 500
REVIEWERS = "reviewers"


@dataclass(frozen=True)
class Asked:
    """How to review: as ``who``; ``shared``: only this reviewer's share of the queue at first."""

    who: str
    shared: bool = False
    anonymous: bool = False
    language: str = "en"


class Workbench:
    """Everything that the handlers share. It belongs to the thread of the server."""

    def __init__(self, journal: Journal, writer: Writer, wanted: Asked, keys: Keys, port: int):
        self.journal, self.writer, self.wanted, self.keys = journal, writer, wanted, keys
        self.port = port
        self.room = Classroom(journal)
        self.evidence = Evidence(journal)
        self.words = Words(wanted.language)
        self._masked: tuple[int, Mask] = (-1, Mask(hides=wanted.anonymous))

    @property
    def mask(self) -> Mask:
        if self.wanted.anonymous and self._masked[0] != self.room.edition:
            self._masked = self.room.edition, Mask(self.room.entries.values(), hides=True)
        return self._masked[1]

    @property
    def reviewers(self) -> list[str]:
        return list(self.journal.fact(REVIEWERS, []))

    # ---- what templates use

    def grid_of(self, entry: Entry) -> TileGrid:
        """Where the digits are in the picture of an entry with all its details."""
        whole = entry if _has_places(entry) else self.room.whole(entry)
        return TileGrid.of(whole)

    def name(self, entry: Entry) -> str:
        """What a student is called on the page."""
        if self.wanted.anonymous:
            return f"{self.words('Student')} {self.room.sid(entry.label)[:5].upper()}"
        return f"{entry.label} · {entry.name}" if entry.name else entry.label

    def render(self, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        page = self.templates.get_template(name)
        return HTMLResponse(page.render(bench=self, room=self.room, **values), status)

    @cached_property
    def templates(self) -> jinja2.Environment:
        environment = jinja2.Environment(
            loader=jinja2.PackageLoader("grader.review"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["points"] = shown_points
        environment.filters["said"] = self.words.sentence
        environment.filters["when"] = lambda moment: str(moment)[:16].replace("T", " ")
        environment.globals |= {"_": self.words, "form_headers": self.form_headers}
        return environment

    def form_headers(self) -> str:
        return json.dumps({"X-Form": self.keys.form})

    def queue(self, filters: Filters) -> Queue:
        return Queue(self.room, filters, self.wanted.who, self.reviewers)

    # ---- deciding

    def keep(self, decisions: Sequence[Decision], seen: int) -> None:
        """Stores them, all or none, and has the pages written. Raises ``GraderError``."""
        self.journal.decide(decisions, seen)
        self.room.refresh()
        self.writer.changed(self.room.gradebook, self.room.seen)


def _has_places(entry: Entry) -> bool:
    tiles = entry.result["clarity"]["tiles"] if entry.result else []
    return bool(tiles) and "row" in tiles[0]


def shown_points(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


Handler = Callable[[Workbench, Request], Awaitable[Response]]


def make_app(bench: Workbench) -> Guard:
    """The application, guarded."""

    def route(path: str, handler: Handler, method: str = "GET") -> Route:
        async def run(request: Request) -> Response:
            bench.room.refresh()
            try:
                return await handler(bench, request)
            except Overtaken as error:
                return bench.render("told.html", 409, text=bench.mask.text(str(error)))
            except GraderError as error:
                return bench.render("told.html", 422, text=bench.mask.text(str(error)))

        return Route(path, run, methods=[method])

    routes = [
        route("/enter", enter),
        route("/", start),
        route("/queue", show_queue),
        route("/group/{group}", show_group),
        route("/evidence/{sid}", show_evidence),
        route("/student/{sid}", show_student),
        route("/students", show_students),
        route("/reference/{item}", show_reference),
        route("/picture/{sid}/{name}", picture),
        route("/static/{name}", static),
        route("/favicon.ico", favicon),
        route("/history", history),
        route("/decide", decide, "POST"),
        route("/check", decide_check, "POST"),
        route("/tile", overrule, "POST"),
        route("/undo", take_back, "POST"),
        route("/alike", likeness.show),
        route("/alike/{circle}", likeness.show_one),
        route("/alike", likeness.decide, "POST"),
        route("/second", second.show),
        route("/second", second.decide, "POST"),
        route("/requests", asked.show),
        route("/requests", asked.answer, "POST"),
    ]
    return Guard(Starlette(routes=routes), bench.keys, bench.port)


# ---- looking


async def enter(bench: Workbench, request: Request) -> Response:
    """The link that was printed: it gives the browser its cookie, once."""
    if not bench.keys.use(request.query_params.get("token", "")):
        return RedirectResponse("/", 303)  # who has the cookie already goes on
    response = RedirectResponse("/", 303)
    response.headers.append("set-cookie", bench.keys.cookie(bench.port))
    return response


def filters_of(bench: Workbench, values: Mapping[str, str]) -> Filters:
    share = "mine" if bench.wanted.shared else "all"
    return Filters(
        item=values.get("item", ""),
        flag=values.get("flag", ""),
        words=values.get("words", "")[:200],
        share=values.get("share", share),
        state=values.get("state", "open"),
    )


async def start(bench: Workbench, request: Request) -> Response:
    queue = bench.queue(filters_of(bench, request.query_params))
    group = queue.first
    return await page(bench, queue, group)


async def page(bench: Workbench, queue: Queue, group: Group | None) -> Response:
    return bench.render("group_page.html", queue=queue, **panel_values(bench, queue, group))


def panel_values(bench: Workbench, queue: Queue, group: Group | None) -> dict[str, Any]:
    """What the right side shows of a group: its students, the first with everything."""
    if group is None:
        return {"group": None, "first": None, "cards": [], "comments": []}
    first = (group.open or group.done)[0]
    return {
        "group": group,
        "first": first,
        "cards": cards_of(bench, first),
        "comments": bench.room.comments(),
    }


def cards_of(bench: Workbench, doubt: Doubt) -> list[Any]:
    whole = bench.room.whole(doubt.entry)
    return bench.evidence.cards(whole, doubt.items, bench.mask)


async def show_queue(bench: Workbench, request: Request) -> Response:
    queue = bench.queue(filters_of(bench, request.query_params))
    return bench.render("groups.html", queue=queue, group=None)


async def show_group(bench: Workbench, request: Request) -> Response:
    queue = bench.queue(filters_of(bench, request.query_params))
    group = bench.room.group(request.path_params["group"])
    if group is None:
        return bench.render(
            "told_page.html",
            404,
            queue=queue,
            group=None,
            text=bench.words("Nobody is in this group any more."),
        )
    if request.headers.get("hx-request"):
        return bench.render("panel.html", queue=queue, **panel_values(bench, queue, group))
    return await page(bench, queue, group)


def student(bench: Workbench, sid: str) -> Entry:
    """Raises ``HTTPException`` 404."""
    entry = bench.room.entry(sid)
    if entry is None:
        raise HTTPException(404)
    return entry


async def show_evidence(bench: Workbench, request: Request) -> Response:
    """The cards of one student in a group, when they are opened."""
    entry = student(bench, request.path_params["sid"])
    group = bench.room.group(request.query_params.get("group", ""))
    found = [d for d in group.doubts if d.entry.label == entry.label] if group else []
    if not found:
        raise HTTPException(404)
    return bench.render("cards.html", cards=cards_of(bench, found[0]), entry=entry, forms=False)


async def show_student(bench: Workbench, request: Request) -> Response:
    entry = bench.room.whole(student(bench, request.path_params["sid"]))
    queue = bench.queue(filters_of(bench, request.query_params))
    items = [item.id for item in entry.items]
    values: dict[str, Any] = {
        "entry": entry,
        "cards": bench.evidence.cards(entry, items, bench.mask),
        "comments": bench.room.comments(),
        "spread": spread(bench),
        "made": [made for made in reversed(bench.room.history) if made.label == entry.label],
        "pairs": likeness.circles_with(bench.room, entry.label),
    }
    name = "student.html" if request.headers.get("hx-request") else "student_page.html"
    return bench.render(name, queue=queue, group=None, **values)


def spread(bench: Workbench) -> dict[str, float] | None:
    """What the class has for notebook 2-2: least, middle and most."""
    found = sorted(
        item.points
        for entry in bench.room.entries.values()
        for item in entry.items
        if item.id == "text_to_image" and not item.open
    )
    if not found:
        return None
    return {"least": found[0], "middle": found[len(found) // 2], "most": found[-1]}


async def show_students(bench: Workbench, request: Request) -> Response:
    queue = bench.queue(filters_of(bench, request.query_params))
    whole = not request.headers.get("hx-request")
    name = "students_page.html" if whole else "students.html"
    return bench.render(name, queue=queue, group=None, entries=queue.students())


async def show_reference(bench: Workbench, request: Request) -> Response:
    return bench.render("reference.html", lines=reference_for(request.path_params["item"]))


async def picture(bench: Workbench, request: Request) -> Response:
    entry = student(bench, request.path_params["sid"])
    found = bench.evidence.picture(entry.key, request.path_params["name"]) if entry.key else None
    if found is None:
        raise HTTPException(404)
    return Response(found[0], media_type=found[1])


async def static(bench: Workbench, request: Request) -> Response:
    path = STATIC / request.path_params["name"]
    if path.suffix not in TYPES or path.parent != STATIC or not path.is_file():
        raise HTTPException(404)
    return Response(path.read_bytes(), media_type=TYPES[path.suffix])


async def favicon(bench: Workbench, request: Request) -> Response:
    return Response(status_code=204)


async def history(bench: Workbench, request: Request) -> Response:
    queue = bench.queue(filters_of(bench, request.query_params))
    made = bench.room.history[: -MOST_HISTORY - 1 : -1]
    whole = not request.headers.get("hx-request")
    name = "history_page.html" if whole else "history.html"
    return bench.render(name, queue=queue, group=None, made=made)


# ---- deciding


async def form_of(request: Request) -> dict[str, list[str]]:
    """The fields of a form, each with its values. Raises ``UsageError`` for what is none."""
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > MOST_FORM:
            raise UsageError("This form is too large.")
    try:
        text = data.decode("utf-8")
        return parse_qs(
            text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=5000
        )
    except ValueError:
        raise UsageError("This is no form.") from None


def one(form: Mapping[str, list[str]], name: str) -> str:
    return form.get(name, [""])[-1]


def number(text: str, what: str) -> float:
    """Raises ``UsageError``."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise UsageError(f"{what} must be a number, not {text[:40]!r}.") from None


def seen_of(form: Mapping[str, list[str]]) -> int:
    text = one(form, "seen")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0


def comment_of(form: Mapping[str, list[str]]) -> str:
    return one(form, "comment").strip()[:MOST_COMMENT]


def asked_for(form: Mapping[str, list[str]]) -> dict[str, str]:
    """The filters that stood beside a form."""
    return {name: one(form, f"f_{name}") for name in Filters.NAMES if f"f_{name}" in form}


async def decide(bench: Workbench, request: Request) -> Response:
    """One answer for all of a group's students that are ticked."""
    form = await form_of(request)
    group = bench.room.group(one(form, "group"))
    answer = one(form, "answer")
    if group is None or answer not in acts.ANSWERS:
        raise UsageError("Nobody is in this group any more.")
    doubts = ticked(bench, group, form.get("member", []))
    if not doubts:
        raise UsageError("Nobody is ticked.")
    act = acts.new_act()
    comment = comment_of(form)
    share = None
    if answer == "points":
        share = number(one(form, "points"), "The points") / (group.max_points or 1)
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
            act,  # type: ignore[arg-type]
        )
    ]
    later = bench.queue(filters_of(bench, asked_for(form))).after(group)
    bench.keep(made, seen_of(form))
    queue = bench.queue(filters_of(bench, asked_for(form)))
    after = bench.room.group(group.id)
    following = after if after is not None and after.open else later
    if following is not None:
        following = bench.room.group(following.id) or queue.first
    return bench.render(
        "decided.html",
        queue=queue,
        act=act,
        count=len(doubts),
        answer=answer,
        **panel_values(bench, queue, following),
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
            raise UsageError(
                f"{bench.name(doubt.entry)} was graded anew since this page was shown. "
                "Nothing was kept: load the group again and look at it."
            )
        found.append(doubt)
    return found


def stamp(entry: Entry) -> str:
    """Of the file that counts and its result."""
    return (entry.key or "")[:16]


async def decide_check(bench: Workbench, request: Request) -> Response:
    """Points for one item or check of one student; blank ones withdraw."""
    form = await form_of(request)
    entry = bench.room.whole(student(bench, one(form, "sid")))
    if one(form, "stamp") != stamp(entry):
        raise UsageError("This student was graded anew since: load the page again and look at it.")
    text, target = one(form, "points").strip(), one(form, "target")
    points = number(text, "The points") if text and one(form, "answer") != "withdraw" else None
    made = decided(entry, target, points, comment_of(form), bench.wanted.who, act=acts.new_act())
    bench.keep([made], seen_of(form))
    request.path_params["sid"] = one(form, "sid")
    return await show_student(bench, request)


async def overrule(bench: Workbench, request: Request) -> Response:
    """Turns one digit from clear to not clear, or back; a decision on all of them falls."""
    form = await form_of(request)
    entry = bench.room.whole(student(bench, one(form, "sid")))
    if one(form, "stamp") != stamp(entry):
        raise UsageError("This student was graded anew since: load the page again and look at it.")
    target = f"{TILES} {one(form, 'tile')}"
    item = next(item for item in entry.items if item.id == TILES.partition(".")[0])
    act, who = acts.new_act(), bench.wanted.who
    over = [item.decision, item.decided.get(TILES)]
    made = [decided(entry, d.target, None, "", who, act=act) for d in over if d is not None]
    before = decided(entry, target, 1.0, "", who, act=act, worth=1.0)
    now_clear = not before.before
    made.append(decided(entry, target, float(now_clear), "", who, act=act, worth=1.0))
    bench.keep(made, seen_of(form))
    entry = bench.room.whole(entry)
    card = bench.evidence.cards(entry, [item.id], bench.mask)[0]
    return bench.render("tiles.html", card=card, entry=entry)


async def take_back(bench: Workbench, request: Request) -> Response:
    """Undoes an act, or the last one of this reviewer's."""
    form = await form_of(request)
    act = one(form, "act") or acts.last_act(bench.room.history, bench.wanted.who) or ""
    back, seen = acts.undo(bench.room.history, act, bench.wanted.who)
    group = next((made.group for made in bench.room.history if made.act == act and made.group), "")
    bench.keep(back, seen)
    queue = bench.queue(filters_of(bench, {}))
    found = bench.room.group(group) or queue.first
    return bench.render(
        "decided.html",
        queue=queue,
        act="",
        count=len({made.label for made in back}),
        answer="undo",
        **panel_values(bench, queue, found),
    )
