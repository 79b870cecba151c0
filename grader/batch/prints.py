"""The parts of a submission that are compared with others: code, weights, samples.

Nothing is unpickled. The stored bytes of a checkpoint's tensors are hashed as they are in the file.
"""

import hashlib
import io
import keyword
import logging
import os
import struct
import tokenize
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import IO, Any, BinaryIO

from nbformat import NotebookNode

from grader.bounded import bounded, bounded_for, seconds_for
from grader.intake import Submission, read_notebook
from grader.paths import TEMPLATE_DIR
from grader.results import Graded, Seen

logger = logging.getLogger(__name__)

# bytes: biases and counters may be equal by chance, and schedules are by right, also in float64
SMALLEST_TENSOR = 1 << 14
MOST_CHECKPOINTS = 16
TAIL = 1 << 20  # bytes at a checkpoint's end in which its directory must lie
MOST_CODE = 400_000  # characters


class Prints:
    """Collects them while the submission is unpacked; ``found`` is JSON."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def look(self, submission: Submission, graded: Graded) -> None:
        """See ``grader.pipeline.grade``. Whatever is in the files, what cannot be taken of one
        kind is left out, and nothing is raised: who is alike moves no points."""
        part, seen = submission.diffusion, graded.seen
        notebook = part.content if part is not None else None
        self.found = {
            "lines": left_out_if_it_fails(lambda: bounded(student_lines, notebook)),
            "tensors": left_out_if_it_fails(lambda: sorted(all_tensor_hashes(submission.root))),
            "samples": left_out_if_it_fails(lambda: samples_hash(seen)) or "",
            "works": left_out_if_it_fails(lambda: sorted(works_hashes(seen))),
            "settings": left_out_if_it_fails(lambda: sorted(settings_hashes(seen))),
        }


def left_out_if_it_fails(take: Callable[[], Any]) -> Any:
    """What ``take`` gives; an empty list where it raises."""
    try:
        return take()
    except Exception:
        logger.exception("a print could not be taken")
        return []


def student_lines(notebook: NotebookNode | None) -> list[str]:
    """Lines of code that are not the template's, as they were written, without indents."""
    if notebook is None:
        return []
    given = template_lines()
    lines = [line.strip() for line in code_lines(notebook)]
    kept = [line for line in lines if line and same_line(line) not in given]
    while sum(map(len, kept)) > MOST_CODE:
        kept = kept[: len(kept) // 2]
    return kept


def code_lines(notebook: NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield from cell.source.splitlines()


@cache
def template_lines() -> frozenset[str]:
    notebooks = sorted(TEMPLATE_DIR.glob("*.ipynb"))
    return frozenset(
        same_line(line) for path in notebooks for line in code_lines(read_notebook(path))
    )


def same_line(line: str) -> str:
    """A line without blanks and comment: equal ones are the same code."""
    return "".join(line.split("#", maxsplit=1)[0].split())


def tokens_of(line: str) -> list[str]:
    """The line's tokens with every plain name as ``n``, number as ``0`` and text as ``s``.

    Names behind a dot stay: they are the library's. A line that cannot be read is its own token.
    """
    tokens: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(line).readline):
            text = token.string
            if token.type == tokenize.NAME:
                library = bool(tokens) and tokens[-1] == "."
                tokens.append(text if library or keyword.iskeyword(text) else "n")
            elif token.type == tokenize.NUMBER:
                tokens.append("0")
            elif token.type == tokenize.STRING:
                tokens.append("s")
            elif token.type == tokenize.OP:
                tokens.append(text)
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass  # an open bracket goes on in the next line; what was read stands
    return tokens


def checkpoints(root: Path) -> list[Path]:
    paths = sorted(p for p in root.rglob("*") if p.suffix in (".pth", ".pt") and p.is_file())
    return paths[:MOST_CHECKPOINTS]


def tensor_hashes(root: Path) -> set[str]:
    """Of the large tensors' bytes in every checkpoint; of a whole file that is no plain zip."""
    hashes: set[str] = set()
    for path in checkpoints(root):
        with path.open("rb") as file:
            try:
                hashes |= stored_hashes(file) if is_plain_zip(file) else whole_hash(file)
            except Exception:  # zipfile raises nearly every kind for damaged files
                hashes |= whole_hash(file)
    return hashes


def all_tensor_hashes(root: Path) -> set[str]:
    """The same, in a child with limits."""
    size = sum(path.stat().st_size for path in checkpoints(root))
    return bounded_for(seconds_for(size), tensor_hashes, root)


def is_plain_zip(file: BinaryIO) -> bool:
    """Whether its directory is as small as that of a checkpoint: a hostile one would fill memory.

    Large directories need the records of zip64, which must not be there or tell the same.
    """
    size = file.seek(0, os.SEEK_END)
    tail = min(size, TAIL)
    file.seek(size - tail)
    data = file.read(tail)
    end = data.rfind(b"PK\x05\x06")
    if end < 0 or len(data) < end + 22:
        return False
    (directory,) = struct.unpack_from("<L", data, end + 12)
    if data[max(end - 20, 0) : end].startswith(b"PK\x06\x07"):
        longer = end - 76  # where zipfile looks for it, and torch writes it
        if longer < 0 or not data.startswith(b"PK\x06\x06", longer):
            return False
        directory = max(directory, *struct.unpack_from("<Q", data, longer + 40))
    return bool(directory <= TAIL)


def stored_hashes(file: BinaryIO) -> set[str]:
    """Of the members that hold tensors, as they lie in the file; together no more than the file."""
    left = file.seek(0, os.SEEK_END)
    hashes = set()
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            stored = member.compress_type == zipfile.ZIP_STORED  # as torch writes them
            if "/data/" in member.filename and stored and member.file_size >= SMALLEST_TENSOR:
                left -= member.file_size
                if left < 0:
                    raise ValueError("members overlap")
                with archive.open(member) as content:
                    hashes.add(digest_of(content))
    return hashes


def whole_hash(file: BinaryIO) -> set[str]:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return {digest_of(file)} if size >= SMALLEST_TENSOR else set()


def digest_of(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()[:32]


def works_hashes(seen: Seen) -> set[str]:
    """Of the pixels of notebook 2-2's own pictures; the example's and blank ones are no sign."""
    shots = seen.works.shots if seen.works else ()
    return {
        hashlib.sha256(shot.pixels.tobytes()).hexdigest()[:32]
        for shot in shots
        if str(shot.look) == "fine"
    }


def settings_hashes(seen: Seen) -> set[str]:
    """Of the digits in each setting's picture."""
    return {
        hashlib.sha256(tiles.tobytes()).hexdigest()[:32]
        for tiles in seen.setting_tiles.values()
        if tiles.max() > tiles.min()
    }


def samples_hash(seen: Seen) -> str:
    """Of the hundred tiles' pixels; empty if there are none or they show one even colour."""
    if seen.clarity is None:
        return ""
    tiles = seen.clarity.grid.tiles
    if tiles.size == 0 or tiles.max() == tiles.min():
        return ""
    return hashlib.sha256(tiles.tobytes()).hexdigest()[:32]
