"""``results.json`` for Gradescope's autograder, one a student."""

import base64
import html
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from grader.batch.gradebook import Entry, GradedItem
from grader.batch.telling import Telling
from grader.messages.message import say
from grader.report.words import Words
from grader.results import CheckResult

SCHEMA = Path(__file__).with_name("results.schema.json")


def gradescope_json(
    entry: Entry, visible: Mapping[str, bool], overlay: bytes, language: str = "en"
) -> dict[str, Any] | None:
    """As Gradescope reads it, checked against the published form; None where nothing was handed in
    or the grader failed. What nobody could judge yet has no points there, and says so.

    ``visible`` says by item whether students see its sentences. A hidden item keeps its points in
    the total and is shown to nobody but instructors.
    """
    if entry.result is None or entry.failed:
        return None
    tell, words = Telling(), Words(language)
    tests = [
        _test(number, item, visible.get(item.id, False), overlay, tell, words)
        for number, item in enumerate(entry.items, 1)
    ]
    open_items = [item.id for item in entry.items if item.open]
    lines = []
    if entry.unread:
        reason = words.said(entry.only_reason or entry.reasons[0])
        lines.append(words("page.scope_unread", reason=reason))
        if entry.status == "rejected":
            lines.append(words.said(say("page.hand_in_again")))
    elif open_items:
        lines.append(words("page.scope_open", items=", ".join(open_items)))
    if entry.deduction:
        deducted, of = f"{entry.deduction:g}", f"{entry.before_lateness:g}"
        lines.append(words("page.scope_late", deduction=deducted, points=of))
    result = {
        "score": entry.points or 0.0,
        "output": "\n".join(lines),
        "output_format": "text",
        "test_output_format": "html",
        "visibility": "after_published",
        "stdout_visibility": "hidden",
        "extra_data": {"student_id": entry.student_id, "status": entry.status},
        "tests": tests,
    }
    jsonschema.validate(result, _schema())
    return result


def _test(
    number: int, item: GradedItem, visible: bool, overlay: bytes, tell: Telling, words: Words
) -> dict[str, Any]:
    full = item.max_points > 0 and item.points >= item.max_points
    return {
        "score": item.points,
        "max_score": item.max_points,
        "status": "passed" if full and not item.open else "failed",
        "name": item.id,
        "number": str(number),
        "output": _output(item, overlay, tell if visible else Telling(), words),
        "output_format": "html",
        "tags": [item.status, *(["corrected"] if item.by_person else [])],
        "visibility": "after_published" if visible else "hidden",
        "extra_data": {"automatic": item.automatic},
    }


def _output(item: GradedItem, overlay: bytes, tell: Telling, words: Words) -> str:
    """The sentences as a list, escaped, and a person's alone where one decided; the picture of the
    clear digits where it belongs."""

    def message_of(check: CheckResult) -> str:
        passed = check.status == "passed"
        return words.said(check.said if passed else tell(item.id, check.said))

    lines = [
        f"<li>{html.escape(check.id.split('.')[-1])} "
        f"({check.points:g} / {check.max_points:g}): {html.escape(message_of(check))}</li>"
        for check in item.checks
        if item.decision is None and check.id not in item.decided
    ]
    if item.by_person:
        what = words("page.confirmed")
        if item.points != item.automatic:
            what = words("page.corrected", points=f"{item.points:g}")
        comments = dict.fromkeys(made.comment for made in item.by_person if made.comment)
        lines.append(f"<li>{what} {html.escape(' '.join(comments))}</li>")
    text = f"<ul>{''.join(lines)}</ul>"
    if item.id == "image_quality" and overlay:
        data = base64.b64encode(overlay).decode("ascii")
        text += (
            f'<img alt="{html.escape(words("page.samples"))}" style="max-width:100%" '
            f'src="data:image/png;base64,{data}">'
        )
    return text


@cache
def _schema() -> Any:
    return json.loads(SCHEMA.read_text("utf-8"))
