"""The class's own works of notebook 2-2 on one page, to be shared with the class.

It shows only students who agreed, without names, and in an order that reveals nothing.
"""

import hashlib
import re
from pathlib import Path

from grader.batch.gradebook import Gradebook
from grader.batch.journal import Journal
from grader.batch.tablefile import decoded
from grader.errors import UsageError
from grader.report.templating import templates
from grader.report.words import Words

_REFUSALS = {
    *("no", "n", "false", "disagree", "disagreed", "declined", "refused", "not agreed", "x"),
    *(
        "아니오",
        "아니요",
        "동의하지 않음",
        "동의하지 않습니다",
        "동의 안 함",
        "비동의",
        "미동의",
        "거부",
        "부동의",
        "비공개",
    ),
}
_AGREEMENTS = {
    *("yes", "y", "true", "agree", "agreed", "agrees", "i agree", "ok", "okay", "o"),
    *("네", "예", "동의", "동의함", "동의합니다", "공개"),
}
_SAYS_NO = re.compile(
    r"\b(?:not|never|cannot|don.?t|won.?t)\b.*\b(?:agree|consent|share|show|want|publish)"
    r"|(?:동의|공개|허락|원하).*(?:않|안 |못)"
)
_ID = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{5}(?![0-9])")


def gallery_page(
    journal: Journal, gradebook: Gradebook, consent: Path | None, names: bool
) -> tuple[str, list[str]]:
    """The page, and lines about who agreed but is not shown. ``consent`` is any text with ids.

    Raises ``UsageError`` without a consent file, or if it holds no id.
    """
    if consent is None:
        raise UsageError("--to gallery shows only who agreed: give their ids by --consent FILE.")
    try:
        text = decoded(consent.read_bytes())
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"The consent list {consent} cannot be read: {reason}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"The consent list {consent} is no text.") from None
    agreed = set(_ID.findall(text))
    lines = [line.strip() for line in text.splitlines() if _ID.search(line)]
    answers = any(map(_agrees, lines))  # then who says nothing has not agreed
    refused = [line for line in lines if _refuses(line) or (answers and not _agrees(line))]
    if refused:
        raise UsageError(
            f"Everybody in the consent list {consent} is shown, but {refused[0]!r} seems not to "
            "agree: leave only the ids of those who do."
        )
    if not agreed:
        raise UsageError(f"The consent list {consent} holds no student id like 2023-12345.")
    there = {entry.student_id for entry in gradebook.entries}
    works = []
    said = [f"{i} agreed, but is not in the gradebook." for i in sorted(agreed - there)]
    for entry in gradebook.entries:
        if entry.student_id not in agreed:
            continue
        if not entry.stands:
            said.append(f"{entry.label} is left out: {entry.student_id} is on several submissions.")
            continue
        evidence = journal.find(entry.key, stale=True) if entry.key else None
        found = evidence.shown if evidence else {}
        if not found.get("pictures"):
            said.append(f"{entry.label} agreed, but no own picture was found.")
            continue
        name = (entry.name or entry.label) if names else ""
        order = hashlib.sha256("".join(found["pictures"]).encode()).hexdigest()
        works.append((order, {"name": name, **found}))
    ordered = [work for _, work in sorted(works, key=lambda pair: pair[0])]
    page = templates().get_template("gallery.html")
    return page.render(title=gradebook.title, works=ordered, words=Words(gradebook.language)), said


def _refuses(line: str) -> bool:
    """Whether a field beside an id says so: the answers to a form hold everybody's ids."""
    fields = _fields(line)
    return not _REFUSALS.isdisjoint(fields) or any(map(_SAYS_NO.search, fields))


def _agrees(line: str) -> bool:
    return not _AGREEMENTS.isdisjoint(_fields(line))


def _fields(line: str) -> list[str]:
    """What stands beside the ids."""
    return [field.strip(" \"'.:-").casefold() for field in re.split(r"[,;\t]", _ID.sub("", line))]
