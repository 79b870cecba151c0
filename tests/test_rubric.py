"""The rubric: loaded, validated with the wrong line named, and turned into points."""

import re
from pathlib import Path

import pytest

from grader.checks.items import known_items
from grader.checks.verdict import Verdict, failed, missing, needs_review, partial, passed
from grader.errors import RubricError
from grader.paths import RUBRIC_DIR
from grader.results import State
from grader.rubric import Rubric, load_rubric

TEXT = (RUBRIC_DIR / "assignment2.toml").read_text("utf-8")


@pytest.fixture
def rubric() -> Rubric:
    return load_rubric(RUBRIC_DIR / "assignment2.toml")


def verdicts(**changes: Verdict) -> list[Verdict]:
    """All passed, but for the changed checks (``item__check=verdict``)."""
    every = {check: passed(check, "ok") for item in known_items().values() for check in item.each()}
    every.update({name.replace("__", "."): verdict for name, verdict in changes.items()})
    return list(every.values())


def test_the_assignments_points_are_a_hundred(rubric: Rubric) -> None:
    assert rubric.max_points == 100
    assert [item.points for item in rubric.items] == [10] * 10
    assert {item.id for item in rubric.items} == set(known_items())


def test_everything_right_earns_what_is_judged(rubric: Rubric) -> None:
    items = {item.id: item for item in rubric.score(verdicts())}
    assert len(items) == 10
    for item in items.values():
        assert item.points == 10
        assert item.status is State.PASSED


def test_an_item_may_be_left_to_a_person(tmp_path: Path) -> None:
    checks = "checks = { prompt = 3, settings = 2, pictures = 5 }"
    assert checks in TEXT
    path = tmp_path / "rubric.toml"
    path.write_text(TEXT.replace(checks, 'by_hand = "A person looks at the pictures."'), "utf-8")
    items = {item.id: item for item in load_rubric(path).score(verdicts())}
    assert items["text_to_image"].status is State.NEEDS_REVIEW
    assert items["text_to_image"].points == 0


@pytest.mark.parametrize(
    ("verdict", "points", "state"),
    [
        (failed("loss.epsilon", "no"), 5, State.PARTIAL),
        (missing("loss.epsilon", "no"), 5, State.PARTIAL),
        (partial("loss.epsilon", 0.5, "half"), 7.5, State.PARTIAL),
        (needs_review("loss.epsilon", "look"), 10, State.NEEDS_REVIEW),
        (needs_review("loss.epsilon", "look", fraction=0), 5, State.NEEDS_REVIEW),
        (Verdict("loss.epsilon", State.INFRA_ERROR, 0, "us"), 5, State.INFRA_ERROR),
    ],
)
def test_half_an_item_follows_one_check(
    rubric: Rubric, verdict: Verdict, points: float, state: State
) -> None:
    (item,) = [i for i in rubric.score(verdicts(loss__epsilon=verdict)) if i.id == "loss"]
    assert item.points == points
    assert item.status is state


def test_an_item_of_which_nothing_is_there_is_missing(rubric: Rubric) -> None:
    changes = {f"loss__{p}": missing(f"loss.{p}", "no") for p in ("epsilon", "sample")}
    (item,) = [i for i in rubric.score(verdicts(**changes)) if i.id == "loss"]
    assert (item.points, item.status) == (0, State.MISSING)


def test_limits_come_from_the_file(rubric: Rubric) -> None:
    assert rubric.limits.memory_bytes == 2 * 2**30
    assert rubric.limits.submission_seconds == 180
    assert rubric.archive_limits.members == 2000
    assert rubric.archive_limits.unpacked_bytes == 2 * 2**30


def line_of(text: str) -> int:
    return next(n for n, line in enumerate(TEXT.splitlines(), 1) if text in line)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("version = 1", "version = 2", "version = 1", "version must be 1"),
        ("cell_seconds = 60", "cell_seconds = 0", "cell_seconds", "at least 1"),
        ("cell_seconds = 60", "cell_seconds = 'x'", "cell_seconds", "number"),
        ("processes = 256", "proceses = 256", "processes", "unknown key 'proceses'"),
        ('id = "loss"', 'id = "lost"', 'id = "loss"', "unknown item 'lost'"),
        ('id = "loss"', 'id = "sampling"', 'id = "loss"', "stands twice"),
        (
            "{ linear = 5, cosine = 5 }",
            "{ linear = 5, cosine = 6 }",
            "{ linear = 5",
            "add up to 11",
        ),
        ("{ linear = 5, cosine = 5 }", "{ linear = 5 }", "{ linear = 5", "must be: linear, cosine"),
        (
            "{ linear = 5, cosine = 5 }",
            "{ linear = 15, cosine = -5 }",
            "{ linear = 5",
            "at least 0",
        ),
    ],
)
def test_an_error_names_its_line(tmp_path: Path, old: str, new: str, line: str, says: str) -> None:
    path = tmp_path / "rubric.toml"
    assert old in TEXT
    path.write_text(TEXT.replace(old, new, 1), "utf-8")
    with pytest.raises(RubricError, match=re.escape(says)) as error:
        load_rubric(path)
    assert f"line {line_of(line)}:" in str(error.value)


def test_text_that_is_no_toml_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "rubric.toml"
    path.write_text("version = = 1\n")
    with pytest.raises(RubricError, match="line 1"):
        load_rubric(path)
