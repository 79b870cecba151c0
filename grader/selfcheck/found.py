"""What lies in the student's folder, and what would be packed for hand-in."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from grader.intake import Submission
from grader.intake.identify import identified

PATTERNS = ("*.ipynb", "results*/*final*")
"""What ``CollectSubmission.sh`` packs."""


@dataclass(frozen=True)
class Packed:
    """The files that would be packed, by their paths in the folder, and their bytes."""

    folder: Path
    files: tuple[Path, ...]
    size: int

    @property
    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """Changes when a file does."""
        facts = [(path, (self.folder / path).stat()) for path in self.files]
        return tuple((str(path), about.st_mtime_ns, about.st_size) for path, about in facts)


def find(folder: Path) -> Packed:
    found = {path for pattern in PATTERNS for path in folder.glob(pattern) if path.is_file()}
    files = sorted(found)
    size = sum(path.stat().st_size for path in files)
    return Packed(folder, tuple(path.relative_to(folder) for path in files), size)


@contextmanager
def as_submission(packed: Packed) -> Iterator[Submission]:
    """The same as the grader sees it once it is unpacked. Checkpoints are only there by name: they
    are large, and not looked into here.

    Raises ``Rejected`` if there is no notebook.
    """
    with TemporaryDirectory(prefix="selfcheck-") as temporary:
        root = Path(temporary)
        for path in packed.files:
            place = root / path
            place.parent.mkdir(exist_ok=True)
            if path.suffix == ".pth":
                place.touch()
            else:
                shutil.copyfile(packed.folder / path, place)
        yield identified(root, packed.folder.resolve().name, "")
