"""The pictures in ``selfcheck/``."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageFont

from grader.results import CheckResult, Graded, ItemResult, Result, State
from grader.selfcheck.pictures import write_pictures

CURVE = {"T": 4, "t": [1, 2, 4], "got": [0.1, 9.0, -1.0], "expected": [0.1, 0.2, 0.4]}


def result_with(details: dict[str, Any]) -> Graded:
    check = CheckResult("beta_schedule.linear", State.FAILED, 0, 5, "", details)
    item = ItemResult("beta_schedule", State.FAILED, 0, 10, [check])
    return Graded(Result(None, "", "", "graded", 10, [item]))


def test_a_picture_of_what_is_right_again_goes(tmp_path: Path) -> None:
    (tmp_path / "selfcheck").mkdir()
    own = tmp_path / "selfcheck" / "notes.txt"
    own.write_text("the student's")
    (written,) = write_pictures(result_with({"curve": CURVE}), tmp_path)
    assert written.is_file()
    assert write_pictures(result_with({}), tmp_path) == []
    assert list(own.parent.iterdir()) == [own]


def test_nothing_is_made_where_there_is_nothing_to_show(tmp_path: Path) -> None:
    assert write_pictures(result_with({}), tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_an_old_pillow_draws_them_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = ImageFont.load_default
    monkeypatch.setattr(ImageFont, "load_default", lambda: now(10))  # before 10.1: no sizes
    (written,) = write_pictures(result_with({"curve": CURVE}), tmp_path)
    with Image.open(written) as picture:
        assert picture.size == (420, 240)
