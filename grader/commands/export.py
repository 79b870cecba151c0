"""``ddpm-grader export``: the gradebook in other systems' forms."""

import json
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grader.batch.compare import note_export, since_export
from grader.batch.gradebook import Gradebook, read_gradebook
from grader.batch.journal import Journal
from grader.errors import JournalError, UsageError
from grader.gradescope.results import gradescope_json
from grader.report.gallery import gallery_page
from grader.report.tables import canvas_csv, plain_csv, unsettled

FOLDER = "export"
FILES = {
    "csv": "grades.csv",
    "canvas": "canvas.csv",
    "gallery": "gallery.html",
    "decisions": "decisions.csv",
    "requests": "requests.csv",
}
GRADES = ("csv", "canvas", "gradescope", "feedback")  # what gives grades out


@dataclass(frozen=True)
class Wanted:
    """What only some exports take: Canvas's own export and its column; for the gallery the file of
    those who agreed, and whether names are shown; for feedback whether provisional scores and
    pages that were given back already go in."""

    gradebook: Path | None = None
    assignment: str | None = None
    consent: Path | None = None
    names: bool = False
    provisional: bool = False
    everybody: bool = False


def export(
    grades: Path, to: str, output: Path | None, wanted: Wanted
) -> tuple[str | None, Sequence[str]]:
    """Writes the export; returns what goes to stdout if ``output`` is "-", and lines for people.

    Raises ``UsageError`` and ``JournalError``.
    """
    if (wanted.gradebook or wanted.assignment) and to != "canvas":
        raise UsageError("--gradebook and --assignment belong to --to canvas.")
    if (wanted.consent or wanted.names) and to != "gallery":
        raise UsageError("--consent and --names belong to --to gallery.")
    if (wanted.provisional or wanted.everybody) and to != "feedback":
        raise UsageError("--provisional and --all belong to --to feedback.")
    with Journal(grades) as journal:
        gradebook = read_gradebook(journal)
        if not gradebook.entries:
            raise UsageError(
                f"There is no gradebook in {grades} yet: run ddpm-grader batch SUBMISSIONS "
                f"--out {grades} first."
            )
        changed = since_export(journal, gradebook) if to in GRADES else ""
        text, lines, given = _made(journal, gradebook, to, output, wanted)
        if to in GRADES and given != ():
            with suppress(JournalError):  # grades that may only be read
                note_export(journal, gradebook, given)
    return text, [*filter(None, [changed]), *lines]


def _made(
    journal: Journal, gradebook: Gradebook, to: str, output: Path | None, wanted: Wanted
) -> tuple[str | None, Sequence[str], Collection[str] | None]:
    """As ``export`` returns it, and the senders whose grades are given out; None for everybody."""
    if to == "gradescope":
        return None, _gradescope(journal, gradebook, output), None
    if to == "feedback":
        from grader.report.feedback import feedback

        told, given = feedback(
            journal,
            gradebook,
            output,
            journal.grades / FOLDER,
            provisional=wanted.provisional,
            everybody=wanted.everybody,
        )
        return None, told, tuple(given)
    lines: Sequence[str] = []
    if to in ("decisions", "requests"):
        from grader.batch.decision_table import decisions_csv
        from grader.batch.requests import requests_csv

        text = (decisions_csv if to == "decisions" else requests_csv)(journal, gradebook)
    elif to == "gallery":
        text, lines = gallery_page(journal, gradebook, wanted.consent, wanted.names)
    elif to == "canvas":
        table = canvas_csv(gradebook, wanted.gradebook, wanted.assignment)
        text, lines = table.text, table.lines
    else:
        text, lines = plain_csv(gradebook), unsettled(gradebook)
    if output == Path("-"):
        return text, lines, ()
    target = output or journal.grades / FOLDER / FILES[to]
    # Excel takes UTF-8 for granted only after this mark; Canvas reads it, too
    _write(target, text if to == "gallery" else "\ufeff" + text)
    return None, [*lines, f"wrote {target}"], None


def _gradescope(journal: Journal, gradebook: Gradebook, output: Path | None) -> list[str]:
    if output == Path("-"):
        raise UsageError("--to gradescope writes many files: --out must be a folder.")
    folder = output or journal.grades / FOLDER / "gradescope"
    visible = {item["id"]: item["visibility"] == "visible" for item in gradebook.items}
    lines: list[str] = []
    written: set[Path] = set()
    for entry in gradebook.entries:
        evidence = journal.find(entry.key, stale=True) if entry.key else None
        result = gradescope_json(
            entry, visible, evidence.overlay if evidence else b"", gradebook.language
        )
        if result is None:
            continue
        text = json.dumps(result, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
        target = folder / entry.label / "results.json"
        _write(target, text)
        written.add(target)
    old = sorted(set(folder.glob("*/results.json")) - written)
    lines += [f"{path} is left from an earlier export." for path in old]
    return [*lines, *unsettled(gradebook), f"wrote {len(written)} results.json below {folder}"]


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise JournalError(f"{path} cannot be written: {error.strerror or error}.") from None
