"""Whose submission it is, and which of its files are notebooks 2-1 and 2-2."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.bounded import TooMuch, bounded_for, seconds_for
from grader.errors import Rejected
from grader.intake.archive import Unpacked, copy_folder, unpack
from grader.intake.candidates import KINDS, candidates
from grader.intake.notebook import cannot_read
from grader.intake.parts import parts_of
from grader.intake.records import ArchiveLimits, Notebook, Submission
from grader.messages.message import say
from grader.scratch import scratch
from grader.states import Flag

_ID = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{5}(?![0-9])")
_SHOWN = 10  # of what cannot be read


@contextmanager
def open_submission(
    path: Path, limits: ArchiveLimits, *, compared: bool = False
) -> Iterator[Submission]:
    """Unpack an archive, or copy a folder, and say what is in it; the copy is removed at exit.
    Tensors are hashed where the submission is to be ``compared`` with others.

    Raises Rejected when nothing can be unpacked, FileNotFoundError when ``path`` is not there, and
    GraderError when the disk is full or faulty.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    with tempfile.TemporaryDirectory(prefix="submission-", dir=scratch()) as folder:
        root = Path(folder)
        yield identified(root, path.resolve().name, _unpack(path, root, limits, compared))


def _unpack(path: Path, root: Path, limits: ArchiveLimits, compared: bool) -> Unpacked:
    try:
        if path.is_dir():
            seconds = seconds_for(limits.unpacked_bytes)
            return bounded_for(seconds, copy_folder, path, root, limits, compared)
        return bounded_for(seconds_for(path.stat().st_size), unpack, path, root, limits, compared)
    except TooMuch as reason:
        raise Rejected(say("archive.not_unpacked", reason=reason.said)) from None


def identified(root: Path, name: str, found: Unpacked) -> Submission:
    """Whose submission the unpacked folder ``root`` is, and where its notebooks lie."""
    student, about_id = _student(name, root)
    diffusion, text_to_image, about_parts = _parts(root)
    unread = [Flag("unread", it.reason) for it in found.unread[:_SHOWN]]
    return Submission(
        student,
        name,
        found.sha256,
        root,
        diffusion,
        text_to_image,
        (*found.flags, *unread, *about_id, *about_parts),
        found.unread,
        found.tensors,
    )


def _parts(root: Path) -> tuple[Notebook | None, Notebook | None, list[Flag]]:
    """As ``parts_of``; of notebooks that take too much to read it is known that they are there."""
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
    try:
        return bounded_for(seconds_for(size), _read_parts, root)
    except TooMuch as reason:
        parts = [
            Notebook(f"Notebook {kind}", problem=cannot_read(named, reason.said))
            for kind in KINDS
            for named in [say("notebook.of_kind", kind=kind)]
        ]
        return parts[0], parts[1], [Flag("notebook_damaged", part.problem) for part in parts]


def _read_parts(root: Path) -> tuple[Notebook | None, Notebook | None, list[Flag]]:
    return parts_of(*candidates(root))


def student_id_in(text: str) -> str | None:
    """The student id in a file name: four digits, a dash, five digits; the last if several."""
    found = _ID.findall(text)
    return found[-1] if found else None


def _student(name: str, root: Path) -> tuple[str | None, list[Flag]]:
    outside = student_id_in(name)
    inside = {i for p in root.rglob("*") for i in _ID.findall(str(p.relative_to(root)))}
    if outside:
        if inside - {outside}:
            said = say("student_id.differs", ids=", ".join(sorted(inside)))
            return outside, [Flag("student_id_differs", said)]
        return outside, []
    if len(inside) == 1:
        return inside.pop(), []
    said = say("student_id.several") if inside else say("student_id.none")
    return None, [Flag("student_id_unknown", said)]
