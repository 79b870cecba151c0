"""Intake: safe unpacking, names and ids, choosing notebooks, which cells run."""

from grader.intake.cells import plan_definitions, plan_everything, plan_model
from grader.intake.identify import open_submission
from grader.intake.notebook import read_notebook
from grader.intake.plans import LeftOut, Plan, Statement
from grader.intake.records import ArchiveLimits, Submission
from grader.intake.runs import Runs

__all__ = [
    "ArchiveLimits",
    "LeftOut",
    "Plan",
    "Runs",
    "Statement",
    "Submission",
    "open_submission",
    "plan_definitions",
    "plan_everything",
    "plan_model",
    "read_notebook",
]
