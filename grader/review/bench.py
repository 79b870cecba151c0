"""What all pages of the workbench share."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jinja2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from grader.batch.decisions import Decision
from grader.batch.gradebook import Entry
from grader.batch.journal import Journal
from grader.batch.kept_decisions import Answered
from grader.messages.message import Said
from grader.report.mask import HIDDEN, Mask
from grader.report.templating import templates_of
from grader.review.cards import Card, Evidence, TileGrid
from grader.review.classroom import Classroom
from grader.review.forms import filters_of
from grader.review.groups import Doubt, Group
from grader.review.queue import Queue, known_by
from grader.review.saving import Writer
from grader.review.security import Keys
from grader.review.words import Words

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
        known = list(self.journal.fact(REVIEWERS, []))
        return known if self.wanted.who in known else [*known, self.wanted.who]

    # ---- what templates use

    nobody = HIDDEN

    def grid_of(self, entry: Entry) -> TileGrid:
        """Where the digits are in the picture of the samples."""
        return TileGrid.of(entry)

    def name(self, entry: Entry) -> str:
        """What a student is called on the page."""
        if self.wanted.anonymous:
            return f"{self.words('Student')} {self.room.sid(entry.label)[:5].upper()}"
        return f"{entry.label} · {entry.name}" if entry.name else entry.label

    def title(self, group: Group) -> str:
        """A group's title in the reviewer's language; where messages differ, that of a kind."""
        return self.said(group.title)

    def said(self, said: Said, entry: Entry | None = None) -> str:
        """In the reviewer's language."""
        return self.mask.text(self.words.sentence(said), entry)

    def render(self, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        page = self.templates.get_template(name).render(bench=self, room=self.room, **values)
        # a half of a character, which no UTF-8 can hold, becomes \ud800
        return HTMLResponse(page.encode("utf-8", "backslashreplace"), status)

    @cached_property
    def templates(self) -> jinja2.Environment:
        environment = templates_of("grader.review")
        environment.filters["when"] = lambda moment: str(moment)[:16].replace("T", " ")
        environment.globals |= {"_": self.words, "form_headers": self.form_headers}
        return environment

    def form_headers(self) -> str:
        return json.dumps({"X-Form": self.keys.form})

    def queue(self, values: Mapping[str, str]) -> Queue:
        """What of the class is asked for, by an address or beside a form."""
        filters = filters_of(values, "mine" if self.wanted.shared else "all")
        text_of = self.name if self.wanted.anonymous else known_by
        return Queue(self.room, filters, self.wanted.who, self.reviewers, text_of)

    def student(self, sid: str) -> Entry:
        """Raises ``HTTPException`` 404."""
        entry = self.room.entry(sid)
        if entry is None:
            raise HTTPException(404)
        return entry

    def panel(self, queue: Queue, group: Group | None) -> dict[str, Any]:
        """What the right side shows of a group: its students, the first with everything."""
        if group is None:
            return {"queue": queue, "group": None, "first": None, "cards": [], "comments": []}
        first = (group.open or group.done)[0]
        return {
            "queue": queue,
            "group": group,
            "first": first,
            "cards": self.cards(first),
            "comments": self.comments(),
        }

    def cards(self, doubt: Doubt) -> list[Card]:
        """Of the items at which a student's doubt arose; none where nothing could be read, for all
        of them would say so."""
        if doubt.entry.result is not None and doubt.entry.result.status == "rejected":
            return []
        whole = self.room.whole(doubt.entry)
        return self.evidence.cards(whole, doubt.items, self.mask, self.words)

    def comments(self) -> list[str]:
        """Those that were given before; of anonymous students those that name nobody."""
        return [text for text in self.room.comments() if self.mask.text(text) == text]

    def view(self, request: Request, name: str, **values: Any) -> HTMLResponse:
        """A view as a whole page, or alone where htmx puts it into the page that is there."""
        whole = "" if request.headers.get("hx-request") else "_page"
        queue = self.queue(request.query_params)
        return self.render(f"{name}{whole}.html", queue=queue, group=None, **values)

    # ---- deciding

    def keep(
        self, decisions: Sequence[Decision], seen: int, answered: Answered | None = None
    ) -> None:
        """Stores them, all or none, and has the pages written. Raises ``GraderError``."""
        self.journal.decide(decisions, seen, answered)
        self.room.refresh()
        self.writer.show(self.room.gradebook, self.room.seen)
