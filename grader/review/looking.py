"""The pages that only show."""

from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from grader.messages.message import say
from grader.review import likeness
from grader.review.bench import Workbench
from grader.review.code import reference_for
from grader.review.groups import Group
from grader.review.queue import MOST_STUDENTS, Queue

STATIC = Path(__file__).with_name("static")
TYPES = {".js": "text/javascript", ".css": "text/css"}
MOST_HISTORY = 500


async def enter(bench: Workbench, request: Request) -> Response:
    """The link that was printed: it gives the browser its cookie, once."""
    if not bench.keys.use(request.query_params.get("token", "")):
        return RedirectResponse("/", 303)  # who has the cookie already goes on
    response = RedirectResponse("/", 303)
    response.headers.append("set-cookie", bench.keys.cookie(bench.port))
    return response


async def start(bench: Workbench, request: Request) -> Response:
    queue = bench.queue(request.query_params)
    group = queue.first
    return await page(bench, queue, group)


async def page(bench: Workbench, queue: Queue, group: Group | None) -> Response:
    return bench.render("group_page.html", **bench.panel(queue, group))


async def show_queue(bench: Workbench, request: Request) -> Response:
    queue = bench.queue(request.query_params)
    return bench.render("groups.html", queue=queue, group=None)


async def show_group(bench: Workbench, request: Request) -> Response:
    queue = bench.queue(request.query_params)
    group = bench.room.group(request.path_params["group"])
    if group is None:
        return bench.render(
            "told_page.html",
            404,
            queue=queue,
            group=None,
            text=bench.said(say("review.nobody")),
        )
    if request.headers.get("hx-request"):
        return bench.render("panel.html", **bench.panel(queue, group))
    return await page(bench, queue, group)


async def show_evidence(bench: Workbench, request: Request) -> Response:
    """The cards of one student in a group, when they are opened."""
    entry = bench.student(request.path_params["sid"])
    group = bench.room.group(request.query_params.get("group", ""))
    found = [d for d in group.doubts if d.entry.label == entry.label] if group else []
    if not found:
        raise HTTPException(404)
    return bench.render("cards.html", cards=bench.cards(found[0]), entry=entry, forms=False)


async def show_student(bench: Workbench, request: Request) -> Response:
    return bench.view(request, "student", **student_values(bench, request.path_params["sid"]))


def student_values(bench: Workbench, sid: str) -> dict[str, Any]:
    """What is shown of a student."""
    entry = bench.room.whole(bench.student(sid))
    items = [item.id for item in entry.items]
    return {
        "entry": entry,
        "cards": bench.evidence.cards(entry, items, bench.mask, bench.words),
        "comments": bench.comments(),
        "spread": spread(bench),
        "made": [made for made in reversed(bench.room.history) if made.label == entry.label],
        "pairs": likeness.circles_with(bench.room, entry.label),
    }


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
    found = bench.queue(request.query_params).students()
    return bench.view(request, "students", found=found, entries=found[:MOST_STUDENTS])


async def show_reference(bench: Workbench, request: Request) -> Response:
    return bench.render("reference.html", lines=reference_for(request.path_params["item"]))


async def picture(bench: Workbench, request: Request) -> Response:
    entry = bench.student(request.path_params["sid"])
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
    made = bench.room.history[: -MOST_HISTORY - 1 : -1]
    return bench.view(request, "history", made=made)
