"""The class's own works of notebook 2-2 on one page, to be shared with the class.

Only who agreed is shown; without names, and in an order that tells nobody anything.
"""

import hashlib
import re
from pathlib import Path

from grader.batch.gradebook import Gradebook
from grader.batch.journal import Journal
from grader.errors import UsageError
from grader.report.pages import templates

_ID = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{5}(?![0-9])")


def gallery_page(
    journal: Journal, gradebook: Gradebook, consent: Path | None, names: bool
) -> tuple[str, list[str]]:
    """The page, and lines about who agreed but has no picture. ``consent`` is any text with ids.

    Raises ``UsageError`` without a consent file, or if it holds no id.
    """
    if consent is None:
        raise UsageError("--to gallery shows only who agreed: give their ids by --consent FILE.")
    try:
        agreed = set(_ID.findall(consent.read_text("utf-8-sig")))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The consent list {consent} cannot be read: {error}") from None
    if not agreed:
        raise UsageError(f"The consent list {consent} holds no student id like 2023-12345.")
    works, lines = [], []
    for entry in gradebook.entries:
        if entry.student_id not in agreed:
            continue
        evidence = journal.find(entry.key, stale=True) if entry.key else None
        found = evidence.shown if evidence else {}
        if not found.get("pictures"):
            lines.append(f"{entry.label} agreed, but no own picture was found.")
            continue
        name = (entry.name or entry.label) if names else ""
        order = hashlib.sha256("".join(found["pictures"]).encode()).hexdigest()
        works.append((order, {"name": name, **found}))
    ordered = [work for _, work in sorted(works, key=lambda pair: pair[0])]
    page = templates().get_template("gallery.html")
    return page.render(title=gradebook.title, works=ordered), lines
