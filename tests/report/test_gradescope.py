"""results.json for Gradescope."""

import json

import jsonschema
import pytest

from grader.report.gradescope import SCHEMA, gradescope_json
from grader.results import State
from tests.batch.fake import RUBRIC, evidence
from tests.report.books import corrected, entry

VISIBLE = {item.id: True for item in RUBRIC.items}


def test_points_and_states_of_every_item() -> None:
    doubtful = evidence(state=State.NEEDS_REVIEW, fraction=1.0)
    student = entry("2023-00001", doubtful, corrected("text_to_image", 10))
    found = gradescope_json(student, VISIBLE, b"")
    assert found is not None
    jsonschema.validate(found, json.loads(SCHEMA.read_text("utf-8")))
    assert found["score"] == student.points
    assert sum(test["score"] for test in found["tests"]) == student.points
    states = {test["name"]: test["status"] for test in found["tests"]}
    assert states["text_to_image"] == "passed"
    assert states["loss"] == "failed"  # provisional points pass nothing
    assert "a person still looks at" in found["output"]


def test_hidden_items_are_hidden_and_late_ones_say_so() -> None:
    student = entry("2023-00001", evidence(), late=True, late_hours=1.0, late_percent=10.0)
    found = gradescope_json(student, VISIBLE | {"loss": False}, b"")
    assert found is not None
    hidden = [test["name"] for test in found["tests"] if test["visibility"] == "hidden"]
    assert hidden == ["loss"]
    assert "deducted" in found["output"]


def test_messages_are_escaped_and_pictures_are_inside() -> None:
    evil = evidence(message="<script>alert(1)</script>", state=State.FAILED, fraction=0.0)
    found = gradescope_json(entry("2023-00001", evil), VISIBLE, b"PNG")
    assert found is not None
    text = json.dumps(found)
    assert "<script>" not in text
    assert "data:image/png;base64,UE5H" in text


@pytest.mark.parametrize(
    "student", [entry("2023-00001"), entry("2", evidence(state=State.INFRA_ERROR))]
)
def test_without_a_score_there_is_no_file(student: object) -> None:
    assert gradescope_json(student, VISIBLE, b"") is None  # type: ignore[arg-type]
