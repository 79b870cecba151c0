"""``export --to feedback``: the zip that Canvas takes under "upload submissions".

Canvas shows each file as a comment under the name of what the student handed in. So that it opens,
the page lies in a file of that kind: in ``2023-12345.tar.gz`` there is an archive with the page.
"""

import io
import json
import os
import re
import tarfile
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.batch.canvas import to_give_back
from grader.batch.gradebook import Entry, Gradebook
from grader.batch.journal import Journal
from grader.batch.snapshot import owner_of, told
from grader.errors import JournalError, UsageError
from grader.report.pages import STUDENT
from grader.report.student import student_page
from grader.report.templating import replacing

SENT = "feedback"  # the fact that holds what each sender was told last
BY_HAND = "Give these their page by hand, for Canvas has no file of theirs to attach it to:"
NOTHING_GRADED = "Nothing is graded of, and so nothing is given back to:"
NOT_KEPT = "Run the same batch command again, for an earlier version kept no names of files:"
_NUMBERED = re.compile(r"feedback-([0-9]{1,6})\.zip")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same page makes the same bytes
_TARS = {
    "gz": "w:gz",
    "tgz": "w:gz",
    "bz2": "w:bz2",
    "tbz": "w:bz2",
    "tbz2": "w:bz2",
    "xz": "w:xz",
    "txz": "w:xz",
    "tar": "w",
}
_ZIPS = ("zip", "7z", "rar")  # 7-Zip and WinRAR go by what is inside, and open a zip as well
_NOTEBOOKS = ("ipynb", "json")
_PAGES = ("html", "htm")


@dataclass
class Parcel:
    """What goes into the zip: the students by the names of their files, what each sender is
    ``told``, and the students who are left out, by reason."""

    files: dict[str, Entry] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    left: dict[str, list[str]] = field(default_factory=dict)
    unchanged: int = 0


def feedback(
    journal: Journal,
    gradebook: Gradebook,
    output: Path | None,
    folder: Path,
    *,
    provisional: bool,
    everybody: bool,
) -> tuple[list[str], Collection[str]]:
    """Writes the zip, into ``folder`` under the next number if there is no ``output``; returns
    lines about it, and the senders whose pages are in it. These count as told from then on.

    Raises ``UsageError`` if there is a file already: it may not have been uploaded yet.
    """
    if output is not None and (output == Path("-") or output.is_dir()):
        raise UsageError("--to feedback writes a zip: --output must be a file.")
    if output is not None and output.exists():
        raise UsageError(f"{output} is there already: give another name, or upload and remove it.")
    with journal.one_at_a_time():
        before: dict[str, str] = journal.fact(SENT, {})
        parcel = pack(gradebook, before, provisional=provisional, everybody=everybody)
        lines = [f"{why} {', '.join(labels)}." for why, labels in parcel.left.items()]
        if parcel.unchanged:
            lines.append(
                f"{parcel.unchanged} of the pages say nothing new since the last export; "
                "--all gives these, too."
            )
        if not parcel.files:
            return [*lines, "There is nothing to give back: no zip was written."], ()
        target = output or folder / f"feedback-{_next(folder)}.zip"
        _write(target, journal, gradebook, parcel.files)
        try:
            journal.note({SENT: {**before, **parcel.told}})
        except JournalError:  # else the next export would give all of it once more
            target.unlink(missing_ok=True)
            raise
    pages = "1 page" if len(parcel.files) == 1 else f"{len(parcel.files)} pages"
    return [*lines, f"wrote {target} with {pages}"], parcel.told.keys()


def pack(
    gradebook: Gradebook, before: Mapping[str, str], *, provisional: bool, everybody: bool
) -> Parcel:
    """Everybody's page whose score is final, or with ``provisional`` known at all, or whose work
    could not be read; and who was told something else ``before``, or ``everybody``."""
    parcel = Parcel()
    for entry in gradebook.entries:
        if entry.result is None:
            parcel.left.setdefault(NOTHING_GRADED, []).append(entry.label)
            continue
        print_, owner = told(entry), owner_of(entry)
        name, why = returned_name(entry), _why_not(entry, provisional=provisional)
        if why or name is None:
            parcel.left.setdefault(why or BY_HAND, []).append(entry.label)
        elif before.get(owner) == print_ and not everybody:
            parcel.unchanged += 1
        else:
            parcel.files[name], parcel.told[owner] = entry, print_
    return parcel


def _why_not(entry: Entry, *, provisional: bool) -> str:
    """Why nothing is given back yet; empty if nothing speaks against it."""
    if entry.points is None and entry.status != "rejected":
        return "Nothing is given back without a score:"
    final = entry.status == "graded" and not entry.row["late_open"]
    if entry.points is not None and not (final or provisional):
        return "Nothing is given back while the score is provisional (--provisional does so):"
    return NOT_KEPT if entry.row["downloaded"] is None and entry.row["user"] else ""


def returned_name(entry: Entry) -> str | None:
    """The name of the student's file in the zip; None if Canvas could not tell whose it is, or the
    kind of the file is one in which no page can lie."""
    kind, _, user = owner_of(entry).partition(" ")
    downloaded = entry.row["downloaded"] or ""
    if kind != "user" or not downloaded:
        return None
    name = to_give_back(downloaded, user)
    return name if name is not None and as_kind(name, b"") is not None else None


def as_kind(name: str, page: bytes) -> bytes | None:
    """The page in a file of the kind that the name tells: in an archive, in a notebook, or as it
    is. None for other kinds."""
    ending = name.rpartition(".")[2].lower()
    if ending in _TARS:
        return _tar(page, _TARS[ending])
    if ending in _ZIPS:
        return _zip(page)
    if ending in _NOTEBOOKS:
        return _notebook(page)
    return page if ending in _PAGES else None


def _tar(page: bytes, mode: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode, format=tarfile.PAX_FORMAT) as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo(STUDENT)
        member.size = len(page)
        archive.addfile(member, io.BytesIO(page))
    return content.getvalue()


def _zip(page: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        _put(archive, STUDENT, page)
    return content.getvalue()


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.external_attr = 0o100644 << 16  # a plain file
    archive.writestr(member, content, zipfile.ZIP_DEFLATED)


def _notebook(page: bytes) -> bytes:
    """A notebook whose only cell shows the page."""
    data = {"text/html": page.decode("utf-8")}
    shown = {"output_type": "display_data", "data": data, "metadata": {}}
    cell = {"cell_type": "code", "id": "report", "metadata": {}, "source": ""}
    cells = [{**cell, "execution_count": None, "outputs": [shown]}]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def _next(folder: Path) -> int:
    """The number after those of all zips that are there: none is written over."""
    names = os.listdir(folder) if folder.is_dir() else []
    found = [int(match[1]) for name in names if (match := _NUMBERED.fullmatch(name))]
    return max(found, default=0) + 1


def _write(path: Path, journal: Journal, gradebook: Gradebook, files: Mapping[str, Entry]) -> None:
    """All of it or nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
            for name, entry in files.items():
                overlay, shown = journal.pictures(entry.key) if entry.key else (b"", {})
                page = student_page(gradebook, entry, overlay, shown)
                content = as_kind(name, page.encode("utf-8", "backslashreplace"))
                _put(archive, name, content or b"")
    except OSError as error:
        raise JournalError(f"{path} cannot be written: {error.strerror or error}.") from None
