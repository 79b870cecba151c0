"""Which of a submission's files may be one of the two notebooks, and what speaks for it."""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader.intake.decoding import text_of
from grader.intake.notebook import cannot_read, open_notebook
from grader.intake.paths import printable
from grader.intake.records import Notebook
from grader.messages.message import say

MOST = 50
KINDS = ("2-1", "2-2")
_NAME = {
    "2-2": re.compile(r"(?<!\d)2[-_. ]2(?!\d)|tti|t2i|stable|text.?(to|2).?image", re.IGNORECASE),
    "2-1": re.compile(r"(?<!\d)2[-_. ]1(?!\d)|diffusion|ddpm", re.IGNORECASE),
}
_NOTEBOOK = re.compile(r"\.ipynb([^a-z0-9].*)?$", re.IGNORECASE)
_OF_A_CLOUD = re.compile(r"^\..*\.icloud$|\.ipynb\.(url|webloc|lnk|gdoc|gshortcut)$", re.IGNORECASE)
_MAYBE = {".json", ".txt", ""}
_NO_TEXT = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".svg", ".mp4", ".webm", ".apng"} | {
    *(".pth", ".pt", ".ckpt", ".safetensors", ".npy", ".npz", ".pkl", ".bin", ".h5", ".tif"),
    *(".tiff", ".mov", ".avi", ".mkv", ".py", ".sh", ".zip", ".tar", ".gz", ".pyc", ".log"),
}
_STARTS = re.compile(rb"(\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*\{")
_ABOUT_CELLS = re.compile(
    rb'"\0*(c\0*e\0*l\0*l\0*s?|n\0*b\0*f\0*o\0*r\0*m\0*a\0*t|w\0*o\0*r\0*k\0*s\0*h)'
)
_SNIFFED, _RAW, _KEPT = 1 << 16, 8 << 20, 8 << 20  # bytes
_TARGET = re.compile(
    r"^[ \t]*(?:def|class)\s+(beta_schedule|ddpm_schedules|ContextUnet|DDPM)\b", re.MULTILINE
)
_RAW_TARGET = re.compile(rb"(?:def|class)\s+(beta_schedule|ddpm_schedules|ContextUnet|DDPM)\b")
_DIFFUSION_WORDS = ("register_buffer", "MNIST", "n_feat", "prediction_type")
_TTI_WORDS = ("StableDiffusionPipeline", "GUIDANCE_SCALE", "NUM_DENOISING_STEPS", "image_grid")
_TTI_HINTS = ("DiffusionPipeline", "guidance_scale", "num_inference_steps", "text_to_image")
_HINTS = ("diffusers", "prompt", "InferenceClient", "keras_cv", "KerasCV", "keras_hub")
_PLAIN, _OTHER_NAME, _SCRIPT, _HIDDEN = 3, 2, 1, 0  # what is taken first
_CELL_OF_SCRIPT = re.compile(r"^# (?:In ?\[[ \d]*\]:|%%.*|<codecell>).*$", re.MULTILINE)


@dataclass(frozen=True)
class Candidate:
    """A file that may be a notebook. ``targets`` are the graded definitions in its cells;
    ``diffusion`` and ``text_to_image`` say how much speaks for either part."""

    path: Path
    name: str
    form: int
    targets: frozenset[str]
    diffusion: int
    text_to_image: int
    outputs: bool
    read: Notebook | None = None

    @property
    def by_name(self) -> str:
        return kind_by_name(self.path.name)

    @property
    def kind(self) -> str:
        if self.diffusion == self.text_to_image:
            return self.by_name
        return "2-1" if self.diffusion > self.text_to_image else "2-2"

    def holds(self, kind: str) -> bool:
        """Whether this part stands in it, perhaps beside the other one."""
        beside = bool(self.targets) if kind == "2-1" else self.text_to_image >= 6
        return self.kind == kind or beside

    def rank(self, kind: str) -> tuple[int | str, ...]:
        own = self.kind == kind
        copy = re.search(r"(?:\(|-copy|_v)(\d{1,6})\)?", self.path.stem.lower())
        newest = int(copy.group(1)) if copy else 0
        depth = -len(self.path.parts)
        first = (
            (self.diffusion, self.outputs, own)
            if kind == "2-1"
            else (self.outputs, own, self.text_to_image)
        )
        return self.form, *first, newest, depth, self.path.name

    @property
    def hidden(self) -> bool:
        return self.form == _HIDDEN

    def notebook(self) -> Notebook:
        return self.read or opened(self.path, self.form)


def kind_by_name(name: str) -> str:
    """ "2-1" or "2-2", empty if the name says neither."""
    return next((kind for kind, said in _NAME.items() if said.search(name)), "")


def opened(path: Path, form: int) -> Notebook:
    """What a candidate's file holds."""
    return script(path) if form == _SCRIPT else open_notebook(path)


def script(path: Path) -> Notebook:
    """A notebook that was saved as a Python file, cell by cell where it says so."""
    name = printable(path.name)
    text, _ = text_of(path.read_bytes()[:_RAW], name)
    parts = _CELL_OF_SCRIPT.split(text.replace("\r\n", "\n"))
    cells = [nbformat.v4.new_code_cell(part.strip("\n")) for part in parts if part.strip()]
    for number, cell in enumerate(cells, 1):
        cell["id"] = f"cell-{number}"
    return Notebook(name, nbformat.v4.new_notebook(cells=cells))


@dataclass(frozen=True)
class Unreadable:
    """A file that seems to be a notebook and cannot be read: why, and which it is, if known."""

    notebook: Notebook
    kind: str


def candidates(root: Path) -> tuple[list[Candidate], list[Unreadable]]:
    """The files that may be notebooks, those that can be read and those that cannot."""
    readable, not_read = [], []
    for path, form in _files(root):
        found = _other_form(path) if form is None else opened(path, form)
        if found.content is not None:
            assert form is not None
            readable.append(_scored(path, form, found, found.content))
        elif form != _HIDDEN:
            not_read.append(Unreadable(found, kind_by_name(path.name) or _kind_by_words(path)))
    return readable, not_read


def _files(root: Path) -> list[tuple[Path, int | None]]:
    """Candidates with their forms, None for one that is never read; .ipynb first."""
    found = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and (form := _form_of(path, path.relative_to(root))) != _NONE:
            found.append((path, form))
    return sorted(found, key=lambda item: -(item[1] or 0))[:MOST]


_NONE = -1  # no candidate


def _form_of(path: Path, relative: Path) -> int | None:
    name, suffix = path.name, path.suffix.lower()
    if _OF_A_CLOUD.search(name):
        return None
    hidden = any(part.startswith(".") for part in relative.parts)
    if _NOTEBOOK.search(name):
        plain = _PLAIN if suffix == ".ipynb" else _OTHER_NAME
        return _HIDDEN if hidden else plain
    if hidden:
        return _NONE
    if suffix in _MAYBE or suffix == ".py":
        with path.open("rb") as file:
            start = file.read(_SNIFFED)
        if suffix == ".py":
            return _SCRIPT if _RAW_TARGET.search(start) else _NONE
        if _STARTS.match(start) and _ABOUT_CELLS.search(start):
            return _OTHER_NAME
    return None if kind_by_name(name) and suffix not in _NO_TEXT else _NONE


def _other_form(path: Path) -> Notebook:
    name = printable(path.name)
    if _OF_A_CLOUD.search(path.name):
        what = say("notebook.placeholder")
    else:
        what = say("notebook.no_notebook")
    return Notebook(name, problem=cannot_read(name, what))


def _kind_by_words(path: Path) -> str:
    with path.open("rb") as file:
        raw = file.read(_RAW).replace(b"\0", b"")
    diffusion = 3 * len(set(_RAW_TARGET.findall(raw)))
    diffusion += sum(word.encode() in raw for word in _DIFFUSION_WORDS)
    other = sum(word.encode() in raw for word in (*_TTI_WORDS, *_TTI_HINTS))
    if diffusion == other:
        return ""
    return "2-1" if diffusion > 3 * other else "2-2"


def _scored(path: Path, form: int, found: Notebook, content: NotebookNode) -> Candidate:
    cells = [cell for cell in content.cells if cell.cell_type == "code"]
    text = "\n".join(cell.source for cell in cells)
    targets = frozenset(_TARGET.findall(text))
    return Candidate(
        path,
        found.name,
        form,
        targets,
        diffusion=3 * len(targets) + sum(word in text for word in _DIFFUSION_WORDS),
        text_to_image=3 * sum(word in text for word in (*_TTI_WORDS, *_TTI_HINTS))
        + sum(word in text for word in _HINTS),
        outputs=any(cell.outputs for cell in cells),
        read=found if path.stat().st_size <= _KEPT else None,
    )


def about(source: str) -> str:
    """Which part a cell is about, "2-1" or "2-2"; empty if it does not say."""
    if _TARGET.search(source):
        return "2-1"
    if any(word in source for word in (*_TTI_WORDS, *_TTI_HINTS, "diffusers")):
        return "2-2"
    return "2-1" if any(word in source for word in _DIFFUSION_WORDS) else ""
