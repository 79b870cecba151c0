"""Inputs that are bounded before they are parsed, and work that is in proportion to them."""

import io
import json
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.checks.schedule_in_use import too_many_calls
from grader.errors import Rejected
from grader.intake import ArchiveLimits, open_submission, plan_definitions
from grader.intake.decoding import text_of
from grader.intake.notebook import MOST_CELLS, open_notebook
from grader.intake.source import MAX_FIELDS, read_cell
from grader.results import Flag
from grader.sandbox import Outcome, Status
from grader.sandbox.client import JSON_BYTES, BoundedSession, MessageTooLong
from grader.settings.folders import find_settings, setting_of


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    """Each of these takes a second or two where the work is in proportion, else minutes."""
    began = time.process_time()
    yield
    assert time.process_time() - began < 20


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "Assignment2-1_diffusion.ipynb"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_notebook_of_very_many_cells_is_not_read(tmp_path: Path) -> None:
    cells = ",".join(["{}"] * (MOST_CELLS + 1))
    assert "more than" in str(open_notebook(written(tmp_path, f'{{"cells": [{cells}]}}')).problem)


def test_a_notebook_of_very_many_parts_is_not_read(tmp_path: Path) -> None:
    cells = ",".join(["[]"] * 4_000_000)
    assert "too many parts" in str(
        open_notebook(written(tmp_path, f'{{"cells": [{cells}]}}')).problem
    )


def test_commas_in_texts_are_no_parts(tmp_path: Path) -> None:
    output = {"output_type": "stream", "name": "stdout", "text": "[,]" * 2_000_000}
    cell = {"cell_type": "code", "source": "", "outputs": [output]}
    found = open_notebook(written(tmp_path, json.dumps({"cells": [cell]})))
    assert found.content is not None


def test_a_text_of_escaped_quotes_that_never_ends(tmp_path: Path) -> None:
    assert open_notebook(written(tmp_path, '{"a": "' + '\\"' * 2_000_000)).content is None


def test_a_long_line_before_bytes_of_no_encoding() -> None:
    words = "확산 모델은 잡음을 조금씩 더하고 다시 없애는 과정을 배운다"
    assert text_of(b" " * 5_000_000 + b"\n" + words.encode("cp949"), "x")[0].endswith(words)


@pytest.mark.parametrize("source", ["\n" * 400_000 + "!x", "?\n" * 100_000, "%time x\n" * 3_000])
def test_cells_of_very_many_lines(source: str) -> None:
    read_cell(1, source)


def test_f_strings_of_very_many_fields_are_not_read() -> None:
    many = "{x}" * (MAX_FIELDS + 1)
    assert "too long" in str(read_cell(1, f"f'{many}'").problem)
    assert not read_cell(1, f"x = '{many}'").problem


def test_broken_cells_are_asked_about_no_more_than_some_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("grader.intake.source.newer_syntax", lambda text: asked.append(text) or "")
    plan_definitions(new_notebook(cells=[new_code_cell("def x(:\n    y") for _ in range(200)]))
    assert 0 < len(asked) <= 40


def test_headers_of_an_archive_have_a_size_together(tmp_path: Path) -> None:
    path = tmp_path / "2024-00001.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for number in range(40):
            info = tarfile.TarInfo(f"x{number}.txt")
            info.pax_headers = {"comment": "c" * 900_000}
            info.size = 1
            tar.addfile(info, io.BytesIO(b"x"))
    with open_submission(path, ArchiveLimits()) as submission:
        assert any("headers" in str(one.reason) for one in submission.unread)


def test_a_file_of_holes_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "2024-00001.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("holes")
        holes = {"major": "1", "minor": "0", "realsize": str(2**40)}
        info.pax_headers = {f"GNU.sparse.{name}": value for name, value in holes.items()}
        info.size = 512
        tar.addfile(info, io.BytesIO(b"1\n0\n0\n".ljust(512, b"\0")))
    with pytest.raises(Rejected, match="far larger"), open_submission(path, ArchiveLimits()):
        pass


def test_names_of_very_many_words_say_their_setting(tmp_path: Path) -> None:
    words = "-".join(f"{a}{b}silo" for a in "abcdefgh" for b in "abcdefgh")
    for number in range(200):
        folder = tmp_path / words[:200] / words[7:200] / f"{number}"
        folder.mkdir(parents=True)
        (folder / "x.txt").touch()
    assert find_settings(tmp_path) == {}
    assert setting_of("x" * 5_000 + "-epsilom-cosin") == "epsilon_cosine"


def test_messages_are_measured_before_they_are_parsed() -> None:
    session = BoundedSession(key=b"secret")
    with pytest.raises(MessageTooLong):
        session.deserialize([b"", b"{}", b"[" * (JSON_BYTES + 1), b"{}", b"{}"])
    header = (
        b'{"msg_id": "1", "msg_type": "stream", "date": "2026-01-01T00:00:00Z", "version": "5.3"}'
    )
    said = session.deserialize([b"", header, b"{}", b"{}", b"[" * (JSON_BYTES + 1)])
    assert (said["msg_type"], said["content"]) == ("stream", {})
    parts = [header.replace(b"1", b"2", 1), b"{}", b"{}", b"{}"]
    said = session.deserialize([session.sign(parts), *parts, bytes(JSON_BYTES + 1)])
    assert said["msg_type"] == "stream"


def test_an_answer_of_far_too_many_calls_is_for_a_person() -> None:
    arrays = {"step": np.arange(800_000), "batch": np.ones(800_000)}
    found = too_many_calls(Outcome(Status.ok, arrays=arrays), 50)
    assert found is not None
    assert found.status is Status.doubtful
    fewer = {"step": np.arange(50), "batch": np.full(50, 30), "argument0": np.zeros((3_000, 1))}
    assert too_many_calls(Outcome(Status.ok, arrays=fewer), 50) is None


def test_flags_are_safe_to_show() -> None:
    assert Flag("x", "a\x1b[31mb\u202ec\u061cd\x00e").message == "abcde"
