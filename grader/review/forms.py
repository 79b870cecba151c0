"""What browsers send: fields of forms, and the filters in addresses."""

from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.requests import Request

from grader.errors import UsageError
from grader.messages.message import say
from grader.review.queue import Filters

MOST_FORM = 1_000_000  # bytes
MOST_COMMENT = 2000


async def form_of(request: Request) -> dict[str, list[str]]:
    """The fields of a form, each with its values. Raises ``UsageError`` for what is none."""
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > MOST_FORM:
            raise UsageError(say("review.form_too_large"))
    try:
        text = data.decode("utf-8")
        return parse_qs(
            text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=5000
        )
    except ValueError:
        raise UsageError(say("review.no_form")) from None


def one(form: Mapping[str, list[str]], name: str) -> str:
    return form.get(name, [""])[-1]


def points_of(text: str) -> float:
    """The points that a text names. Raises ``UsageError`` for what is no number."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise UsageError(say("review.no_number", text=repr(text[:40]))) from None


def seen_of(form: Mapping[str, list[str]]) -> int:
    text = one(form, "seen")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0


def comment_of(form: Mapping[str, list[str]]) -> str:
    return one(form, "comment").strip()[:MOST_COMMENT]


def filters_of(values: Mapping[str, str], share: str) -> Filters:
    return Filters(
        item=values.get("item", ""),
        flag=values.get("flag", ""),
        words=values.get("words", "")[:200],
        share=values.get("share", share),
        state=values.get("state", "open"),
    )


def asked_for(form: Mapping[str, list[str]]) -> dict[str, str]:
    """The filters that stood beside a form."""
    return {name: one(form, f"f_{name}") for name in Filters.NAMES if f"f_{name}" in form}
