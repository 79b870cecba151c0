"""Which doubts are one."""

from pathlib import Path

import pytest

from grader.assignment import PREDICTIONS
from grader.batch.decisions import Decision
from grader.commands.correct import correct
from grader.messages.message import say, sentence, together
from grader.results import Flag, State
from grader.review.groups import AGAIN, Group
from grader.review.kinds import kind_of
from tests.batch.fake import evidence, rejected
from tests.report.books import entry
from tests.review.room import (
    CLIP,
    DDIM,
    L1,
    L1_LOSS,
    Student,
    clipped,
    entries,
    grade,
    groups_of,
    some_class,
)


def groups(grades: Path) -> list[Group]:
    return groups_of(entries(grades).values())


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("clipped to be not above 0.99.", "clipped to be not above 1e-05.", True),
        ("Cell 3, line 4: name 'foo' is not", "Cell 12, line 40: name 'bar' is not", True),
        ("In sample_linear there is none.", "In epsilon_cosine there is none.", True),
        ("0.999보다 큽니다", "0.99보다 큽니다", True),
        ("The loss is L1.", "The loss is Huber.", False),
        ("x_0 is wrong", "x_1 is wrong", False),
        (DDIM, L1, False),
    ],
)
def test_numbers_and_names_do_not_tell_doubts_apart(one: str, other: str, alike: bool) -> None:
    assert (kind_of(one) == kind_of(other)) is alike


def test_values_do_not_tell_doubts_apart_but_what_they_mean_does() -> None:
    assert kind_of(clipped(0.9)) == kind_of(clipped(1e-5)) != kind_of(L1_LOSS)
    epsilon, sample = (say("loss.not_implemented", what="x", prediction=p) for p in PREDICTIONS)
    assert kind_of(epsilon) == kind_of(sample)
    linear, cosine = (say("beta_schedule.changes", schedule=s) for s in ("linear", "cosine"))
    assert kind_of(linear) != kind_of(cosine)
    raised = [
        say("run.raised", what="sample", message=f"KeyError: '{name}' (cell {n}, line 4)")
        for n, name in enumerate(("foo", "bar"))
    ]
    assert kind_of(raised[0]) == kind_of(raised[1])
    assert kind_of(raised[0]) != kind_of(say("run.raised", what="sample", message="IndexError"))


def test_a_kind_is_found_in_linear_time() -> None:
    for hostile in ("'" * 100_000, "1" * 100_000, "“" * 100_000, "`a" * 50_000):
        assert len(str(kind_of(hostile))) <= 300


def test_students_with_the_same_doubt_are_one_group_the_largest_first(tmp_path: Path) -> None:
    grade(tmp_path / "grades", tmp_path / "in", some_class(9))
    found = groups(tmp_path / "grades")
    assert [(group.items, len(group.open)) for group in found] == [
        (("loss",), 3),
        (("beta_schedule",), 2),
        (("sampling",), 2),
    ]
    assert sentence(found[0].title) == L1
    assert set(found[0].doubts[0].worth) == {"loss.epsilon", "loss.sample"}
    assert sentence(found[1].title) == CLIP.format("…")
    assert sentence(found[1].title, "ko") == (
        "cosine 스케줄은 확인이 필요합니다: beta를 … 이하로 잘랐는데, 허용되는 경계는 0.999 하나뿐입니다."
    )


def test_what_all_items_share_is_one_doubt(tmp_path: Path) -> None:
    note = say("run.imports_a_solution", names="diffusers")
    student = Student(
        "2023-10000",
        {
            "loss.epsilon": together("The loss is right.", note),
            "sampling.sample": together("Every step is right.", note),
        },
    )
    grade(tmp_path / "grades", tmp_path / "in", [student])
    (group,) = groups(tmp_path / "grades")
    assert (group.title, group.items) == (note, ("loss", "sampling"))


def test_the_four_settings_are_one_item() -> None:
    found = evidence(state=State.NEEDS_REVIEW, message="The checkpoint of x cannot be opened.")
    (group,) = groups_of([entry("2023-00001", found)])
    assert "settings" in group.items
    assert not any(item.startswith("setting_") for item in group.items)


def test_what_cannot_be_read_is_one_doubt_on_everything() -> None:
    found = entry("2023-00001", rejected(Flag("rejected", "Damaged.")))
    (group,) = groups_of([found])
    assert group.max_points == 100
    assert not group.doubts[0].settled


def test_a_decision_on_the_item_settles_its_checks(tmp_path: Path) -> None:
    grades = tmp_path / "grades"
    grade(grades, tmp_path / "in", some_class(1))
    correct(grades, "2023-10000", "loss", 5.0, "", "ta")
    (group,) = groups(grades)
    assert not group.open
    assert group.done[0].given == 5.0


def test_what_was_decided_for_another_file_is_proposed_again(tmp_path: Path) -> None:
    grades = tmp_path / "grades"
    grade(grades, tmp_path / "in", some_class(4))
    correct(grades, "2023-10000", "loss", 5.0, "", "ta")
    correct(grades, "2023-10003", "loss", 7.0, "", "ta")  # in doubt by nobody
    grade(grades, tmp_path / "in", some_class(4), salt="other bytes")
    found = {group.title: group for group in groups(grades)}
    (doubt,) = found[L1_LOSS].open
    assert {target: made.points for target, made in doubt.proposed.items()} == {
        "loss.epsilon": 2.5,
        "loss.sample": 2.5,
    }
    (again,) = found[AGAIN].open
    assert (again.worth, again.points) == ({"loss": 10.0}, 10.0)
    assert [made.points for made in again.proposed.values()] == [7.0]


def test_who_joins_a_settled_group_is_proposed_the_same(tmp_path: Path) -> None:
    from grader.batch.deciding import decided

    grades, students = tmp_path / "grades", some_class(5)
    grade(grades, tmp_path / "in", students[:1])
    (group,) = groups(grades)
    from grader.batch.journal import Journal

    known = entries(grades)["2023-10000"]
    with Journal(grades) as journal:
        journal.decide(
            [
                decided(known, c, 2.5, "half of it", "ta", group=group.id)
                for c in ("loss.epsilon", "loss.sample")
            ]
        )
    grade(grades, tmp_path / "in", students)
    group = next(g for g in groups(grades) if g.items == ("loss",))
    assert [doubt.entry.label for doubt in group.open] == ["2023-10004"]
    last = group.like_the_others
    assert isinstance(last, Decision)
    assert (group.share_of(last), last.comment) == (0.5, "half of it")
