"""Intake: safe unpacking, names and ids, choosing notebooks, which cells run."""

from grader.intake.cells import (
    LeftOut,
    Plan,
    Statement,
    plan_definitions,
    plan_everything,
    plan_model,
)
from grader.intake.identify import open_submission
from grader.intake.notebook import read_notebook
from grader.intake.records import ArchiveLimits, Submission

__all__ = [
    "ArchiveLimits",
    "LeftOut",
    "Plan",
    "Statement",
    "Submission",
    "open_submission",
    "plan_definitions",
    "plan_everything",
    "plan_model",
    "read_notebook",
]
