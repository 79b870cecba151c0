"""Submissions as they should be."""

from tests.habits.draft import Draft
from tests.habits.table import habit


@habit("a submission as it should be")
def as_it_should_be(draft: Draft) -> None:
    pass


@habit("a submission as it should be, with its four checkpoints", checkpoints=True)
def with_checkpoints(draft: Draft) -> None:
    pass
