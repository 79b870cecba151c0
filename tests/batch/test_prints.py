"""Prints are taken of whatever is in the files, and never cost anything."""

import io
import random
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from grader.batch import prints as prints_module
from grader.batch.prints import Prints
from grader.intake.stored import tensor_hashes
from grader.results import Seen

SIZE = 1 << 15


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for number in range(3):
            packed.writestr(f"model/data/{number}", bytes([number]) * SIZE)
    return file.getvalue()


def damaged() -> list[bytes]:
    """Cut, shortened inside, and with some bytes changed where sizes and places stand."""
    whole, rng = archive(), random.Random(0)
    found = [whole[:n] for n in (0, 1, 100, SIZE, len(whole) - 30)]
    found += [whole[:n] + whole[n + SIZE :] for n in (0, 100, SIZE)]
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(rng.randrange(1, 6)):
            content[-rng.randrange(1, 400)] = rng.randrange(256)
        found.append(bytes(content))
    return found


def test_a_damaged_checkpoint_raises_nothing(tmp_path: Path) -> None:
    path = tmp_path / "model_final.pth"
    for content in damaged():
        path.write_bytes(content)
        tensor_hashes(path)


def test_what_cannot_be_taken_is_left_out_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(result: Any) -> Any:
        raise EOFError

    submission: Any = SimpleNamespace(diffusion=None, tensors=frozenset({"b", "a"}))
    graded: Any = SimpleNamespace(seen=Seen())
    monkeypatch.setattr(prints_module, "works_hashes", fail)
    prints = Prints()
    prints.look(submission, graded)
    assert prints.found == {
        "lines": [],
        "tensors": ["a", "b"],
        "samples": "",
        "works": [],
        "settings": [],
    }
