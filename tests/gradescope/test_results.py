"""results.json for Gradescope."""

import json
from pathlib import Path

import jsonschema
import pytest

from grader.batch.evidence import scored
from grader.batch.journal import Journal
from grader.commands.export import Wanted, export
from grader.gradescope.results import SCHEMA, gradescope_json
from grader.results import State
from tests.batch.fake import RUBRIC, evidence
from tests.report.books import ITEMS, corrected, entry

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


def test_after_a_correction_only_the_person_s_words_stand_there() -> None:
    wrong = evidence(message="It is wrong.", state=State.FAILED, fraction=0.0)
    made = corrected("loss.epsilon", 4, "Read again.") | corrected("sampling", 9, "All but one.")
    found = gradescope_json(entry("2023-00001", wrong, made), VISIBLE, b"")
    assert found is not None
    output = {test["name"]: test["output"] for test in found["tests"]}
    assert output["sampling"] == "<ul><li>Corrected by a person to 9 points. All but one.</li></ul>"
    assert output["loss"].count("It is wrong.") == 1  # of the other check
    assert "Read again." in output["loss"]


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


def test_what_an_earlier_export_left_behind_is_named(tmp_path: Path) -> None:
    with Journal(tmp_path, create=True) as journal:
        journal.store("key", "{}", evidence())
        result = scored(evidence(), RUBRIC)
        row = entry("2023-12345", evidence()).row
        journal.write_gradebook([("2023-12345", dict(row, result=result), "key")], {"items": ITEMS})
    left = tmp_path / "export" / "gradescope" / "2023-00009" / "results.json"
    left.parent.mkdir(parents=True)
    left.write_text("{}", "utf-8")
    _, lines = export(tmp_path, "gradescope", None, Wanted())
    assert lines[0] == f"{left} is left from an earlier export."
    assert lines[1].startswith("wrote 1 results.json")
