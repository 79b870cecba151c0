"""What is fuzzed: each target takes any bytes, and raises only what it may raise for them."""

import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from grader.batch.roster import read_roster
from grader.bounded import TooMuch, directly, in_this_process
from grader.digits.pictures import cells_with_samples
from grader.errors import GraderError, RubricError
from grader.intake import ArchiveLimits, open_submission, plan_definitions, plan_everything
from grader.intake.notebook import open_notebook
from grader.paths import RUBRIC_DIR
from grader.rubric import parse_rubric
from grader.sandbox.transport import BadAnswerError, read_arrays, read_json
from grader.settings.folders import find_settings, homeless
from grader.text_to_image.works import read_said
from tests.habits.draft import DIFFUSION, TEXT_TO_IMAGE, example_files, packed_tar_gz, packed_zip

SECONDS = 10.0  # of the processor's time, which no input may take
CORPUS = Path(__file__).parent / "corpus"
LIMITS = ArchiveLimits(unpacked_bytes=2**26)


@dataclass(frozen=True)
class Target:
    """``run`` is given bytes; ``seeds`` are whole ones, which are changed; ``words`` are put in."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    words: Sequence[bytes] = ()


class TooSlow(Exception):
    """An input took longer than any may."""


def tried(target: Target, data: bytes) -> None:
    """Runs the target. Raises what it must not raise, and ``TooSlow``."""
    began = time.process_time()
    with in_this_process():
        target.run(data)
    if (took := time.process_time() - began) > SECONDS:
        raise TooSlow(f"{took:.1f} seconds")


# --- the targets ----------------------------------------------------------------------------------


def intake(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(GraderError):
        path = Path(folder, "2024-00001.tar.gz")
        path.write_bytes(data)
        with open_submission(path, LIMITS) as submission:
            find_settings(submission.root)
            homeless(submission.root)


def notebook(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(TooMuch):
        path = Path(folder, DIFFUSION)
        path.write_bytes(data)
        found = directly(open_notebook, path)
        if found.content is not None:
            nbformat.validate(found.content)
            directly(cells_with_samples, found.content, Path(folder))


def planning(data: bytes) -> None:
    cells = [new_code_cell(part) for part in text_of(data).split("\f")]
    with contextlib.suppress(TooMuch):
        directly(plan_definitions, new_notebook(cells=cells))
        directly(plan_everything, new_notebook(cells=cells))


def works(data: bytes) -> None:
    cells = [new_code_cell(part) for part in text_of(data).split("\f")]
    with contextlib.suppress(TooMuch):
        directly(read_said, new_notebook(cells=cells), None)


def shown(data: bytes) -> None:
    """What outputs and text of a notebook show, in whatever form."""
    text = text_of(data)
    kinds = ("text/html", "image/svg+xml", "text/markdown", "image/png", "text/plain")
    outputs = [new_output("display_data", {kind: text}) for kind in kinds]
    with contextlib.suppress(ValueError, RecursionError):
        figure = {"application/vnd.plotly.v1+json": json.loads(text)}
        outputs.append(new_output("display_data", figure))
    cells = [new_code_cell("look()", outputs=outputs), new_markdown_cell(text)]
    with contextlib.suppress(TooMuch):
        directly(cells_with_samples, new_notebook(cells=cells), None)


def pictures(data: bytes) -> None:
    from grader.probes.pictures import run

    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        inputs = {"path": file.name, "frame": "last", "most_pixels": 10**6, "most_side": 400}
        arrays, facts = run({}, inputs)
    assert arrays or "problem" in facts


def checkpoints(data: bytes) -> None:
    from grader.probes.checkpoint import run

    with tempfile.NamedTemporaryFile(suffix=".pth") as file:
        Path(file.name).write_bytes(data)
        _, facts = run({}, {"path": file.name, "most_bytes": 2**26})
    assert "problem" in facts or "weights" in facts


def arrays(data: bytes) -> None:
    """An answer of a kernel: a line of JSON, and the bytes of its arrays."""
    said, _, attached = data.partition(b"\n")
    with contextlib.suppress(BadAnswerError):
        report = read_json(said.decode("utf-8", "replace"))
        found = read_arrays(report.get("arrays"), attached)
        assert sum(array.nbytes for array in found.values()) <= len(attached)


def rosters(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(GraderError):
        path = Path(folder, "roster.xlsx" if data.startswith(b"PK") else "roster.csv")
        path.write_bytes(data)
        read_roster(path)


def rubrics(data: bytes) -> None:
    with contextlib.suppress(RubricError):
        parse_rubric(data, Path("rubric.toml"))


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "replace")


# --- what they are fed with -----------------------------------------------------------------------


@cache
def small_files() -> dict[str, bytes]:
    """The example's files, in which pictures are left out."""
    files = example_files()
    small = {name: content for name, content in files.items() if name.endswith(".png")}
    for name in (DIFFUSION, TEXT_TO_IMAGE):
        book = nbformat.reads(files[name].decode(), as_version=4)
        for cell in book.cells:
            if cell.cell_type == "code":
                cell.outputs = []
        small[name] = nbformat.writes(book).encode()
    return small


def sources_of(name: str) -> list[bytes]:
    book = nbformat.reads(small_files()[name].decode(), as_version=4)
    cells = [cell.source for cell in book.cells if cell.cell_type == "code"]
    return ["\f".join(cells).encode(), *(cell.encode() for cell in cells)]


def archive_seeds() -> list[bytes]:
    return [packed_tar_gz(small_files()), packed_zip(small_files()), small_files()[DIFFUSION]]


def picture_seeds() -> list[bytes]:
    files = example_files()
    return [next(c for n, c in files.items() if n.endswith(end)) for end in (".png", ".gif")]


def checkpoint_seeds() -> list[bytes]:
    return [next(content for name, content in example_files().items() if name.endswith(".pth"))]


def answer_seeds() -> list[bytes]:
    values = np.arange(12, dtype=np.float64)
    index = [["x", "f8", [3, 4]], ["y", "u1", [0]], ["z", "i4", []]]
    report = {"status": "ok", "facts": {"a": [1.5, None]}, "arrays": index}
    return [json.dumps(report).encode() + b"\n" + values.tobytes() + bytes(8)]


def shown_seeds() -> list[bytes]:
    figure = {"data": [{"type": "heatmap", "z": [[1, 2], [3, 4]]}], "layout": {"yaxis": {}}}
    page = '<img src="a.png"><svg><image href="data:image/png;base64,AAAA"/></svg>'
    page += f"Plotly.newPlot('a', {json.dumps(figure['data'])}, {{}})"
    return [json.dumps(figure).encode(), page.encode(), b"![a](b.png) ![c](attachment:d.png)"]


def roster_seeds() -> list[bytes]:
    csv = "student_id,name\n2023-12345,김\n2024-00001,Lee\n"
    return [csv.encode(), csv.encode("cp949"), csv.encode("utf-16")]


def rubric_seeds() -> list[bytes]:
    return [path.read_bytes() for path in sorted(RUBRIC_DIR.glob("*.toml"))]


JSON_WORDS = (
    b"[",
    b"]",
    b"{",
    b"}",
    b'"',
    b"\\",
    b"\\u",
    b'"cells"',
    b'"outputs"',
    b"null",
    b"1e9",
)
CODE_WORDS = (b"f'{", b"exec('", b"%run ", b"!", b"class DDPM:\n", b"lambda: ", b"globals()", b"(")

TARGETS: dict[str, Target] = {
    "intake": Target(intake, archive_seeds, (b"PK\x03\x04", b"\x1f\x8b", b"ustar", b"../")),
    "notebook": Target(notebook, lambda: [small_files()[DIFFUSION]], JSON_WORDS),
    "planning": Target(planning, lambda: sources_of(DIFFUSION), CODE_WORDS),
    "works": Target(works, lambda: sources_of(TEXT_TO_IMAGE), (*CODE_WORDS, b"pipe(prompt=")),
    "shown": Target(shown, shown_seeds, (*JSON_WORDS, b"<svg>", b"<img src=", b"data:image/png")),
    "pictures": Target(pictures, picture_seeds, (b"IHDR", b"IDAT", b"GIF89a", b"acTL")),
    "checkpoints": Target(checkpoints, checkpoint_seeds, (b"PK\x01\x02", b"ctorch\n", b"cos\n")),
    "arrays": Target(arrays, answer_seeds, (*JSON_WORDS, b"f8", b"9" * 20)),
    "rosters": Target(rosters, roster_seeds, (b",", b'"', b"\t", b"=", b"\0")),
    "rubrics": Target(rubrics, rubric_seeds, (b"[[", b"'''", b"=", b"inf", b"nan", b"1e400")),
}


def seeds_of(name: str) -> list[bytes]:
    """Whole inputs, and those that once did harm."""
    kept: list[Any] = sorted((CORPUS / name).glob("*")) if (CORPUS / name).is_dir() else []
    return [*TARGETS[name].seeds(), *(path.read_bytes() for path in kept)]
