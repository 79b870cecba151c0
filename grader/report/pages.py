"""The pages for people: one a student in two versions, and those of the class.

Every file is complete: it needs no network and no other file. Jinja2 escapes all values.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grader.batch.gradebook import Entry, Gradebook
from grader.batch.journal import Journal
from grader.errors import JournalError
from grader.report.index import index_page
from grader.report.mistakes import mistakes_page
from grader.report.student import Around, student_page
from grader.report.templating import write

RESULT, OVERLAY, STUDENT, TA = "result.json", "clarity.png", "report.html", "report_ta.html"
INDEX, MISTAKES = "index.html", "mistakes.html"


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
        around = _around(journal, gradebook)
        for entry in gradebook.entries:
            if entry.result is None:
                continue
            found = _fingerprint(gradebook, entry, around[entry.label])
            if written.get(entry.label) != found:
                _write_student(journal, gradebook, entry, around[entry.label])
                written[entry.label] = found
        _write_class(journal, gradebook, going_on=going_on)
        if not going_on:
            _sweep(journal.grades, {entry.label for entry in gradebook.entries if entry.result})


def write_students(journal: Journal, gradebook: Gradebook, entries: Sequence[Entry]) -> None:
    """The pages of these students, and their rows of the index. Raises ``JournalError``."""
    with _told(journal):
        around = _around(journal, gradebook)
        for entry in entries:
            if entry.result is None:
                _remove(journal.grades / entry.label)
            else:
                _write_student(journal, gradebook, entry, around[entry.label])
        _write_class(journal, gradebook)


def _write_class(journal: Journal, gradebook: Gradebook, *, going_on: bool = False) -> None:
    """The index, in which rows of the one that is there are taken over where they show the same;
    and what the class got wrong."""
    path = journal.grades / INDEX
    before = path.read_text("utf-8", "replace") if path.is_file() else ""
    write(path, index_page(gradebook, grades=journal.grades, going_on=going_on, before=before))
    write(journal.grades / MISTAKES, mistakes_page(journal, gradebook, going_on=going_on))


@contextmanager
def _told(journal: Journal) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise JournalError(
            f"The pages in {journal.grades} cannot be written: {error.strerror or error}. "
            "The results are kept; the same command again writes them."
        ) from None


def _fingerprint(gradebook: Gradebook, entry: Entry, around: Around) -> str:
    """Of all that a student's pages show."""
    decided = [(item.by_person, item.outlived) for item in entry.items]
    shown = (gradebook.title, gradebook.language, gradebook.items, entry.key, entry.row, decided)
    return hashlib.sha256(repr((shown, around)).encode()).hexdigest()


def _around(journal: Journal, gradebook: Gradebook) -> dict[str, Around]:
    """What each student's page for TAs tells of the others, by label."""
    labels = [entry.label for entry in gradebook.entries if entry.result]
    pairs: dict[str, list[Mapping[str, Any]]] = {}
    for pair in gradebook.pairs:
        for label in dict.fromkeys((pair["first"], pair["second"])):
            pairs.setdefault(label, []).append(pair)
    return {
        label: Around(before, after, pairs.get(label, ()), journal.grades)
        for before, label, after in zip([None, *labels], labels, [*labels[1:], None], strict=False)
    }


def _write_student(journal: Journal, gradebook: Gradebook, entry: Entry, around: Around) -> None:
    folder = journal.grades / entry.label
    folder.mkdir(exist_ok=True)
    overlay, shown = journal.pictures(entry.key) if entry.key else (b"", {})
    record = entry.result.to_json() if entry.result else None
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, indent=1)
    write(folder / RESULT, f"{text}\n")
    if overlay:
        write(folder / OVERLAY, overlay)
    else:
        (folder / OVERLAY).unlink(missing_ok=True)
    write(folder / STUDENT, student_page(gradebook, entry, overlay, shown))
    write(folder / TA, student_page(gradebook, entry, overlay, shown, around=around))


def are_there(folder: Path) -> bool:
    """Whether a student's folder has all that is always written."""
    return all((folder / name).is_file() for name in (RESULT, STUDENT, TA))


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
