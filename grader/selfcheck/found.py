"""What lies in the student's folder, and what would be packed for hand-in."""

import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from grader.errors import Rejected
from grader.intake import Submission
from grader.intake.archive import Unpacked
from grader.intake.identify import identified
from grader.messages.message import say

PATTERNS = ("*.ipynb", "results*/*final*")
"""What ``CollectSubmission.sh`` packs."""


@dataclass(frozen=True)
class Packed:
    """The files that would be packed: of each its path in the folder, and its time and size when
    it was looked for."""

    folder: Path
    stamp: tuple[tuple[Path, int, int], ...]

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(path for path, _, _ in self.stamp)

    def changed_since(self, before: "Packed") -> list[Path]:
        """The files that were saved, or came or went, since ``before``."""
        return sorted({path for path, _, _ in set(self.stamp) ^ set(before.stamp)})

    @property
    def size(self) -> int:
        return sum(size for _, _, size in self.stamp)


def find(folder: Path) -> Packed:
    return Packed(folder, tuple(sorted(set(_files(folder)))))


def _files(folder: Path) -> Iterator[tuple[Path, int, int]]:
    for path in (path for pattern in PATTERNS for path in folder.glob(pattern)):
        if path.name.startswith("."):  # a shell's * leaves out editors' copies and macOS's ._ files
            continue
        with suppress(OSError):  # it is being saved, and for a moment not there
            about = path.stat()
            if stat.S_ISREG(about.st_mode):
                yield path.relative_to(folder), about.st_mtime_ns, about.st_size


@contextmanager
def as_submission(packed: Packed) -> Iterator[Submission]:
    """The same as the grader sees it once it is unpacked. Checkpoints are only there by name: they
    are large, and not looked into here.

    Raises ``Rejected`` if a file cannot be read.
    """
    with TemporaryDirectory(prefix="selfcheck-") as temporary:
        root = Path(temporary)
        for path in packed.files:
            place = root / path
            place.parent.mkdir(exist_ok=True)
            if path.suffix == ".pth":
                place.touch()
                continue
            try:
                shutil.copyfile(packed.folder / path, place)
            except OSError:
                raise Rejected(say("run.file_unreadable", name=path.as_posix())) from None
        yield identified(root, packed.folder.resolve().name, Unpacked())
