"""The application: which address leads where."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from grader.batch.decisions import Overtaken
from grader.errors import GraderError
from grader.review import answering, likeness, looking, second
from grader.review import requests as asked
from grader.review.bench import Workbench
from grader.review.security import Guard

Handler = Callable[[Workbench, Request], Awaitable[Response]]


def make_app(bench: Workbench) -> Guard:
    """The application, guarded."""

    def route(path: str, handler: Handler, method: str = "GET") -> Route:
        async def run(request: Request) -> Response:
            bench.room.refresh()
            try:
                return await handler(bench, request)
            except GraderError as error:
                status = 409 if isinstance(error, Overtaken) else 422
                return bench.render("told.html", status, text=bench.said(error.said))

        return Route(path, run, methods=[method])

    routes = [
        route("/enter", looking.enter),
        route("/", looking.start),
        route("/queue", looking.show_queue),
        route("/group/{group}", looking.show_group),
        route("/evidence/{sid}", looking.show_evidence),
        route("/student/{sid}", looking.show_student),
        route("/students", looking.show_students),
        route("/reference/{item}", looking.show_reference),
        route("/picture/{sid}/{name}", looking.picture),
        route("/static/{name}", looking.static),
        route("/favicon.ico", looking.favicon),
        route("/history", looking.history),
        route("/decide", answering.decide, "POST"),
        route("/check", answering.decide_check, "POST"),
        route("/tile", answering.overrule, "POST"),
        route("/undo", answering.take_back, "POST"),
        route("/alike", likeness.show),
        route("/alike/{circle}", likeness.show_one),
        route("/alike", likeness.decide, "POST"),
        route("/second", second.show),
        route("/second", second.decide, "POST"),
        route("/requests", asked.show),
        route("/requests", asked.answer, "POST"),
    ]
    return Guard(Starlette(routes=routes), bench.keys, bench.port)
