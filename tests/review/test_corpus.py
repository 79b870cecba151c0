"""The doubtful cases of the fairness corpus as a class: a decision for each group settles all."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from grader.batch.gradebook import read_gradebook
from grader.batch.journal import Journal
from grader.review.acts import new_act, settle
from tests.fairness.grading import variant_notebook
from tests.fairness.mini_class import packed
from tests.review.room import groups_of

FAIRNESS = Path(__file__).resolve().parents[1] / "fairness"


def settled_by(grades: Path) -> tuple[int, int, int]:
    """How many doubts and groups there are, and in how many decisions all of it is settled."""
    with Journal(grades) as journal:
        groups = groups_of(read_gradebook(journal).entries)
        for group in groups:
            act = new_act()
            decisions = [
                made
                for doubt in group.open
                for made in settle(doubt, "full", None, "", "ta", group.id, act)
            ]
            journal.decide(decisions)
        left = groups_of(read_gradebook(journal).entries)
        acts = {made.act for made in journal.decisions()}
        assert not any(group.open for group in left)
        assert {entry.status for entry in read_gradebook(journal).entries} <= {"graded", "missing"}
    return sum(len(group.doubts) for group in groups), len(groups), len(acts)


SOME = (
    *("beta_schedule/cosine_upper_clip_0_99", "beta_schedule/cosine_upper_clip_0_9999"),
    *("loss/l1", "loss/huber", "sampling/ddim", "sampling/ddim_every_other_step"),
)
CASES = [f"{path.parent.name}/{path.stem}" for path in (FAIRNESS / "doubtful").glob("*/*.py")]


@pytest.mark.parametrize("cases", [SOME, pytest.param(CASES, marks=pytest.mark.slow)])
def test_the_doubtful_cases_are_settled_in_as_many_decisions_as_there_are_groups(
    tmp_path: Path, cases: Sequence[str]
) -> None:
    folder, grades = tmp_path / "in", tmp_path / "grades"
    folder.mkdir()
    for number, case in enumerate(sorted(cases)):
        content = packed(variant_notebook(FAIRNESS / "doubtful" / f"{case}.py"), "")
        (folder / f"2023-{10000 + number}.tar.gz").write_bytes(content)
    command = [sys.executable, "-m", "grader", "batch", str(folder), "--out", str(grades)]
    assert subprocess.run(command).returncode == 0
    doubts, groups, decisions = settled_by(grades)
    assert doubts >= len(cases)
    assert decisions <= groups < doubts
