"""Whose submission it is, and which of its files are notebooks 2-1 and 2-2."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grader.errors import Rejected
from grader.intake.archive import copy_folder, folder_sha256, printable, unpack
from grader.intake.notebook import read_notebook
from grader.intake.records import ArchiveLimits, Submission
from grader.results import Flag
from grader.scratch import scratch

_ID = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{5}(?![0-9])")
_NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$", re.IGNORECASE)
_TARGET = re.compile(
    r"^\s*(?:def|class)\s+(beta_schedule|ddpm_schedules|ContextUnet|DDPM)\b", re.MULTILINE
)
_DIFFUSION_WORDS = ("register_buffer", "MNIST", "n_feat", "prediction_type")
_TTI_WORDS = ("StableDiffusionPipeline", "GUIDANCE_SCALE", "NUM_DENOISING_STEPS", "image_grid")
_MAX_NOTEBOOKS = 50


@dataclass(frozen=True)
class _Candidate:
    path: Path
    diffusion: int
    text_to_image: int
    outputs: bool
    damaged: bool

    @property
    def by_name(self) -> str:
        name = self.path.name.lower()
        if "2-2" in name or "tti" in name:
            return "2-2"
        return "2-1" if "2-1" in name or "diffusion" in name else ""

    @property
    def kind(self) -> str:
        if self.diffusion == self.text_to_image:
            return self.by_name
        return "2-1" if self.diffusion > self.text_to_image else "2-2"

    def rank(self, kind: str) -> tuple[bool, int, bool, int, int, str]:
        content = self.diffusion if kind == "2-1" else self.text_to_image
        copy = re.search(r"(?:\(|-copy|_v)(\d{1,6})\)?", self.path.stem.lower())
        newest = int(copy.group(1)) if copy else 0
        depth = -len(self.path.parts)
        return (not self.damaged, content, self.outputs, newest, depth, self.path.name)


@contextmanager
def open_submission(path: Path, limits: ArchiveLimits) -> Iterator[Submission]:
    """Unpack a .tar.gz, or copy a folder, and say what is in it; the copy is removed at exit.

    Raises Rejected when it is damaged, unsafe beyond the limits or without a notebook,
    FileNotFoundError when ``path`` is not there, and GraderError when the disk is full or faulty.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    with tempfile.TemporaryDirectory(prefix="submission-", dir=scratch()) as folder:
        root = Path(folder)
        if path.is_dir():
            flags = copy_folder(path, root, limits)
            yield identified(root, path.resolve().name, folder_sha256(root), flags)
            return
        digest, flags = unpack(path, root, limits)
        try:
            yield identified(root, path.resolve().name, digest, flags)
        except Rejected as error:
            error.sha256 = digest
            raise


def identified(root: Path, name: str, digest: str, flags: tuple[Flag, ...] = ()) -> Submission:
    """Whose submission the unpacked folder ``root`` is, and where its notebooks lie.

    Raises Rejected when it holds no notebook.
    """
    student, about_id = _student(name, root)
    diffusion, text_to_image, about_notebooks = _notebooks(root)
    flags = (*flags, *about_id, *about_notebooks)
    return Submission(student, name, digest, root, diffusion, text_to_image, flags)


def student_id_in(text: str) -> str | None:
    """The student id in a file name: four digits, a dash, five digits; the last if several."""
    found = _ID.findall(text)
    return found[-1] if found else None


def _student(name: str, root: Path) -> tuple[str | None, list[Flag]]:
    outside = student_id_in(name)
    inside = {i for p in root.rglob("*") for i in _ID.findall(str(p.relative_to(root)))}
    if outside:
        if inside - {outside}:
            message = f"Files inside carry another student id: {', '.join(sorted(inside))}."
            return outside, [Flag("student_id_differs", message)]
        return outside, []
    if len(inside) == 1:
        return inside.pop(), []
    why = "several student ids" if inside else "no student id"
    return None, [Flag("student_id_unknown", f"The submission carries {why}.")]


def _files(root: Path) -> list[Path]:
    found = []
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
        if not hidden and _NOTEBOOK.search(path.name) and path.is_file():
            found.append(path)
    return found[:_MAX_NOTEBOOKS]


def _candidate(path: Path) -> _Candidate:
    try:
        nb = read_notebook(path)
    except Rejected:
        return _Candidate(path, 0, 0, outputs=False, damaged=True)
    cells = [cell for cell in nb.cells if cell.cell_type == "code"]
    text = "\n".join(cell.source for cell in cells)
    return _Candidate(
        path,
        diffusion=3 * len(set(_TARGET.findall(text))) + sum(w in text for w in _DIFFUSION_WORDS),
        text_to_image=3 * sum(w in text for w in _TTI_WORDS),
        outputs=any(cell.outputs for cell in cells),
        damaged=False,
    )


def _notebooks(root: Path) -> tuple[Path | None, Path | None, list[Flag]]:
    candidates = [_candidate(path) for path in _files(root)]
    if not candidates:
        raise Rejected("The submission holds no notebook.")
    flags = [
        Flag("notebook_damaged", f"{printable(c.path.name)} cannot be read.")
        for c in candidates
        if c.damaged
    ]
    chosen: dict[str, Path] = {}
    for kind in ("2-1", "2-2"):
        fitting = sorted((c for c in candidates if c.kind == kind), key=lambda c: c.rank(kind))
        if not fitting:
            flags.append(Flag("notebook_missing", f"No notebook {kind} was found."))
            continue
        best = fitting[-1]
        chosen[kind] = best.path
        shown = printable(best.path.name)
        if len(fitting) > 1:
            message = f"{len(fitting)} notebooks could be {kind}; {shown} was taken."
            flags.append(Flag("notebook_candidates", message))
        if best.by_name not in ("", kind):
            flags.append(Flag("notebook_name", f"{shown} is notebook {kind} by its content."))
    return chosen.get("2-1"), chosen.get("2-2"), flags
