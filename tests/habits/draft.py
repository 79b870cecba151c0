"""A whole submission that earns every item, for a habit to change before it is packed."""

import base64
import functools
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from PIL import Image

from grader.kit.drawing import lighthouses
from grader.kit.example import show_picture
from grader.kit.fill import DIFFUSION, TEXT_TO_IMAGE

__all__ = ["DIFFUSION", "SETTINGS", "TEXT_TO_IMAGE", "Draft", "packed_tar_gz", "packed_zip"]

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "2023-12345.tar.gz"
SETTINGS = ("epsilon_linear", "epsilon_cosine", "sample_linear", "sample_cosine")
SMALL = 520  # pixels of the grid of notebook 2-2: each picture is just large enough to count


@functools.cache
def example_files() -> dict[str, bytes]:
    """The included example's files by path; in notebook 2-2 with smaller pictures, and with one below
    the assignment's own call, too."""
    with tarfile.open(EXAMPLE) as tar:
        members = [member for member in tar if member.isfile()]
        files = {m.name.removeprefix("./"): tar.extractfile(m).read() for m in members}  # type: ignore[union-attr]
    files[TEXT_TO_IMAGE] = with_small_pictures(files[TEXT_TO_IMAGE])
    return files


def with_small_pictures(content: bytes) -> bytes:
    notebook = nbformat.reads(content.decode(), as_version=4)
    given = io.BytesIO()
    lighthouses("grey and pink", 0, SMALL // 2).save(given, "png")
    show_picture(notebook, "def image_grid(", given.getvalue())
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
                small = io.BytesIO()
                picture.resize((SMALL, SMALL)).save(small, "png")
                data["image/png"] = base64.b64encode(small.getvalue()).decode()
    return json.dumps(notebook).encode()


def packed_tar_gz(files: dict[str, bytes]) -> bytes:
    """The files as ``CollectSubmission.sh`` packs them."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def packed_zip(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


@dataclass
class Draft:
    """What a student is about to hand in: its files by path, its name, and how it is packed.

    ``checkpoints``: whether the four ``model_final.pth`` are among the files. They are large, and
    most habits have nothing to do with them; the rubric credits a setting without one.
    """

    student: str = "2023-12345"
    checkpoints: bool = False
    name: str = ""
    pack: Callable[[dict[str, bytes]], bytes] = packed_tar_gz
    files: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name = self.name or f"{self.student}.tar.gz"
        kept = {n: c for n, c in example_files().items() if self.checkpoints or ".pth" not in n}
        self.files = self.files or kept

    def notebook(self, name: str = DIFFUSION) -> NotebookNode:
        """One of the notebooks, parsed; ``put`` stores it again."""
        node: NotebookNode = nbformat.reads(self.files[name].decode(), as_version=4)
        return node

    def put(self, notebook: NotebookNode, name: str = DIFFUSION) -> None:
        self.files[name] = json.dumps(notebook).encode()

    def write(self, folder: Path) -> Path:
        """Packs the submission into ``folder`` and returns where it is."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.name
        path.write_bytes(self.pack(self.files))
        return path
