"""The pages for people: one a student in two versions, and the index of the class.

Every file is complete: it needs no network and no other file. Jinja2 escapes all values.
"""

import base64
import hashlib
import json
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from grader.batch.gradebook import Entry, Gradebook
from grader.batch.journal import Journal
from grader.batch.telling import Telling
from grader.errors import JournalError
from grader.messages.message import said_in
from grader.report.circles import circles
from grader.report.curves import curves_of

RESULT, OVERLAY, STUDENT, TA, INDEX = (
    "result.json",
    "clarity.png",
    "report.html",
    "report_ta.html",
    "index.html",
)
_ROW = re.compile(r'(<tr data-print="([0-9a-f]{32})".*?</tr>)', re.DOTALL)
BINS = 10  # bars of a distribution, beside the one for full points


def write_pages(
    journal: Journal,
    gradebook: Gradebook,
    written: dict[str, str] | None = None,
    *,
    going_on: bool = False,
) -> None:
    """Everything in the folder of grades that people open. Raises ``JournalError``.

    ``written`` has a fingerprint of each student whose pages are written already; new ones are
    noted there. While grading is ``going_on`` no old page is removed.
    """
    written = {} if written is None else written
    with _told(journal):
        for entry in gradebook.entries:
            found = _fingerprint(gradebook, entry)
            if written.get(entry.label) != found:
                _write_student(journal, gradebook, entry)
                written[entry.label] = found
        write_index(journal, gradebook, going_on=going_on)
        if not going_on:
            _sweep(journal.grades, {entry.label for entry in gradebook.entries if entry.result})


def write_students(journal: Journal, gradebook: Gradebook, entries: Sequence[Entry]) -> None:
    """The pages of these students, and their rows of the index. Raises ``JournalError``."""
    with _told(journal):
        for entry in entries:
            _write_student(journal, gradebook, entry)
            if entry.result is None:
                _remove(journal.grades / entry.label)
        write_index(journal, gradebook)


def write_index(journal: Journal, gradebook: Gradebook, *, going_on: bool = False) -> None:
    """The index; rows of the one that is there are taken over where they show the same."""
    path = journal.grades / INDEX
    before = path.read_text("utf-8", "replace") if path.is_file() else ""
    _write(path, index_page(gradebook, going_on=going_on, before=before))


@contextmanager
def _told(journal: Journal) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise JournalError(
            f"The pages in {journal.grades} cannot be written: {error.strerror or error}. "
            "The results are kept; the same command again writes them."
        ) from None


def _fingerprint(gradebook: Gradebook, entry: Entry) -> str:
    """Of all that a student's pages show."""
    decided = [(item.by_person, item.outlived) for item in entry.items]
    shown = (gradebook.title, gradebook.items, entry.key, entry.row, decided)
    return hashlib.sha256(repr((shown, _pairs(gradebook, entry))).encode()).hexdigest()


def _pairs(gradebook: Gradebook, entry: Entry) -> list[Mapping[str, Any]]:
    return [p for p in gradebook.pairs if entry.label in (p["first"], p["second"])]


def _write_student(journal: Journal, gradebook: Gradebook, entry: Entry) -> None:
    if entry.result is None:
        return
    folder = journal.grades / entry.label
    folder.mkdir(exist_ok=True)
    overlay, shown = journal.pictures(entry.key) if entry.key else (b"", {})
    text = json.dumps(entry.result, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    _write(folder / RESULT, text)
    if overlay:
        _write(folder / OVERLAY, overlay)
    else:
        (folder / OVERLAY).unlink(missing_ok=True)
    _write(folder / STUDENT, student_page(gradebook, entry, overlay, shown, ta=False))
    _write(folder / TA, student_page(gradebook, entry, overlay, shown, ta=True))


def student_page(
    gradebook: Gradebook, entry: Entry, overlay: bytes, shown: Mapping[str, Any], *, ta: bool
) -> str:
    """One student's page; details, flags and hidden items' sentences only if ``ta``."""
    visible = {item["id"]: item["visibility"] == "visible" for item in gradebook.items}
    picture = base64.b64encode(overlay).decode("ascii")
    page = templates().get_template("student.html")
    return page.render(
        title=gradebook.title,
        entry=entry,
        ta=ta,
        visible=visible,
        overlay=picture,
        shown={"asked": [], "pictures": [], "settings": {}, **shown},
        curves=curves_of,
        tell=Telling(),
        said_in=said_in,
        pairs=_pairs(gradebook, entry) if ta else [],
        environment=entry.result["environment"] if entry.result else {},
    )


def index_page(gradebook: Gradebook, *, going_on: bool = False, before: str = "") -> str:
    """The class: distributions, who needs review and why, everything sortable. While grading is
    ``going_on`` it says how far it has come. ``before`` is the page as it was: rows that show the
    same are taken from there."""
    known = {print_: row for row, print_ in _ROW.findall(before)}
    rows, flags, looks = [], Counter[str](), 0
    for entry in gradebook.entries:
        own, reasons = flags_of(entry), entry.reasons
        flags.update(own)
        looks += bool(reasons)
        rows.append(_row(gradebook, entry, own, reasons, known))
    return (
        templates()
        .get_template("index.html")
        .render(
            title=gradebook.title,
            gradebook=gradebook,
            rows=rows,
            distributions=distributions(gradebook),
            states=_counts([entry.status for entry in gradebook.entries]),
            flags=dict(sorted(flags.items())),
            circles=circles(gradebook.pairs),
            looks=looks,
            going_on=going_on,
            known=sum(entry.status not in ("waiting", "missing") for entry in gradebook.entries),
            to_come=sum(entry.status == "waiting" for entry in gradebook.entries),
            now=time.strftime("%H:%M:%S"),
        )
    )


def _row(
    gradebook: Gradebook,
    entry: Entry,
    flags: Sequence[str],
    reasons: Sequence[str],
    known: Mapping[str, str],
) -> str:
    """One student's row of the index, marked by a print of all that it shows."""
    items = [(i.points, i.max_points, i.status, bool(i.by_person), i.open) for i in entry.items]
    state = (entry.label, entry.name, entry.status, entry.points, entry.unread, bool(entry.result))
    columns = [item["id"] for item in gradebook.items]
    shown = repr((state, items, columns, flags, reasons))
    print_ = hashlib.sha256((_row_template() + shown).encode("utf-8", "replace")).hexdigest()[:32]
    if print_ in known:
        return known[print_]
    row = templates().get_template("row.html")
    return row.render(
        print=print_, entry=entry, rubric=gradebook.items, flags=flags, reasons=reasons
    ).strip()


@cache
def _row_template() -> str:
    loader = templates().loader
    assert loader is not None
    return loader.get_source(templates(), "row.html")[0]


def distributions(gradebook: Gradebook) -> list[dict[str, Any]]:
    """For the total and each item: mean, and how many students earned which part of the points."""
    known = [entry for entry in gradebook.entries if entry.points is not None]
    most = sum(item["max_points"] for item in gradebook.items)
    columns = [("total", most, [float(entry.points or 0) for entry in known])]
    for number, item in enumerate(gradebook.items):
        earned = [entry.items[number].points for entry in known]
        columns.append((item["id"], item["max_points"], earned))
    return [_distribution(name, most, earned) for name, most, earned in columns]


def _distribution(name: str, most: float, earned: Sequence[float]) -> dict[str, Any]:
    bars = [0] * (BINS + 1)
    for points in earned:
        bars[min(int(BINS * points / most), BINS) if most else 0] += 1
    mean = sum(earned) / len(earned) if earned else 0.0
    tallest = max(bars) or 1
    labels = [f"{most * n / BINS:g} or more" for n in range(BINS)] + [f"{most:g}"]
    shown = [
        {"count": count, "height": round(100 * count / tallest), "label": label}
        for count, label in zip(bars, labels, strict=True)
    ]
    return {"name": name, "max_points": most, "mean": mean, "bars": shown}


def flags_of(entry: Entry) -> list[str]:
    """The flags' ids, each once, without what was merely left out."""
    flags = entry.result["flags"] if entry.result else []
    found = [flag["id"] for flag in flags if flag["id"] != "left_out"]
    return list(dict.fromkeys([*found, *(["late"] if entry.row["late"] else [])]))


def _counts(names: Sequence[str]) -> dict[str, int]:
    return {name: names.count(name) for name in sorted(set(names))}


@cache
def templates() -> jinja2.Environment:
    """Everything that is put into a page is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("grader.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["points"] = lambda value: (
        "–" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")
    )
    environment.filters["details"] = details
    environment.filters["duration"] = duration
    return environment


def duration(hours: float) -> str:
    """In the unit in which a person would say it."""
    minutes = round(60 * hours)
    if minutes < 1:
        return "less than a minute"
    return f"{minutes} minutes" if minutes < 120 else f"{hours:.1f} hours"


def details(value: Mapping[str, Any]) -> str:
    """A check's numbers as text, short lists on one line."""
    lines = []
    for name, entry in value.items():
        text = entry if isinstance(entry, str) else json.dumps(entry, ensure_ascii=False)
        lines.append(f"{name}: {text if len(text) < 4000 else text[:4000] + ' …'}")
    return "\n".join(lines)


def _sweep(grades: Path, labels: set[str]) -> None:
    """Removes our own files of students who are in the gradebook no more. What ``grade --out`` left
    has no page for TAs, and stays."""
    for folder in grades.iterdir():
        if folder.is_dir() and folder.name not in labels and (folder / TA).is_file():
            _remove(folder)


def _remove(folder: Path) -> None:
    if not folder.is_dir():
        return
    for name in (RESULT, OVERLAY, STUDENT, TA):
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _write(path: Path, content: str | bytes) -> None:
    """All of it or nothing: whoever reads meanwhile sees the old file or the new one."""
    # a half of a character, which no UTF-8 can hold, becomes \\ud800: legal JSON, and readable
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
        return
    number, name = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
