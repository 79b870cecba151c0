"""The items that ask the student's code, in order; what one finds, the next builds on."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from grader.checks.causes import Cause, Causes
from grader.checks.items import Item, Known, Spaces, code_items, known_items
from grader.checks.tolerances import DEFAULT, Tolerances
from grader.checks.verdict import Verdict, not_judged, not_run
from grader.intake import Plan
from grader.messages.message import Said, say, together
from grader.sandbox import KernelSession
from grader.states import State

logger = logging.getLogger(__name__)


def examine(
    session: KernelSession,
    seed: int,
    tolerances: Tolerances = DEFAULT,
    spaces: Spaces = frozenset,
) -> list[Verdict]:
    """A verdict for every check of the items that ask, whatever the student's code does."""
    known = Known(session, seed, tolerances, spaces)
    for item in code_items():
        known.verdicts += _guarded(item, known)
    return known.verdicts


def _guarded(item: Item, known: Known) -> list[Verdict]:
    """The item's verdicts; if judging itself fails on what the student's code gave, a person's."""
    assert item.examine is not None
    try:
        return item.examine(known)
    except Exception as error:
        logger.exception("judging %s failed", item.id)
        return [not_judged(check, error) for check in item.each()]


def explain(
    verdicts: Sequence[Verdict], plan: Plan, causes: Causes, forbidden: Sequence[str]
) -> list[Verdict]:
    """The same verdicts, in the light of what happened when the notebook's own cells ran.

    ``forbidden`` are the packages among the imported ones that solve the assignment already.
    """
    explained = [_with_cause(verdict, plan, causes) for verdict in verdicts]
    if not forbidden:
        return explained
    imports = say("run.imports_a_solution", names=", ".join(forbidden))
    return [
        replace(v, state=State.NEEDS_REVIEW, said=together(v.said, imports))
        if v.state is State.PASSED
        else v
        for v in explained
    ]


def not_to_be_trusted(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The same where the code tampers with what examines it: what passed is for a person."""
    return [
        replace(v, state=State.NEEDS_REVIEW, said=together(v.said, say("run.interferes")))
        if v.state in (State.PASSED, State.PARTIAL)
        else v
        for v in verdicts
    ]


def _with_cause(verdict: Verdict, plan: Plan, causes: Causes) -> Verdict:
    """Why something is missing or raised: a definition that failed or cannot be read, or what the
    grader lacks or leaves out, which is for a person."""
    if verdict.state is State.INFRA_ERROR:
        return verdict
    target = _item_of(verdict).target
    lost = causes.lost.get(target)
    raised = str(verdict.details.get("raised", ""))
    cause = causes.of(raised, str(verdict.details.get("traceback", ""))) if raised else None
    if lost is not None and lost.ours:
        return _for_a_ta(verdict, target, lost)
    if cause is not None and cause.ours:
        return _for_a_ta(verdict, target, cause)
    undefined = f"name '{target}' is not defined" in raised
    absent = verdict.state is State.MISSING or (undefined and target not in plan.defined)
    if absent and lost is None and (unread := _unread(verdict, target, plan)):
        return replace(verdict, state=State.NEEDS_REVIEW, said=unread)
    if cause is not None:
        return _by_own_cell(verdict, "", cause)
    if verdict.state is State.MISSING and lost is not None:
        return _by_own_cell(verdict, target, lost)
    if verdict.state is State.MISSING and target not in plan.defined and plan.problems:
        note = say("run.note", problem=plan.problems[0])
        return replace(verdict, said=together(verdict.said, note))
    return verdict


def _unread(verdict: Verdict, target: str, plan: Plan) -> Said:
    """What is to be said of a definition that is there and does not run; empty if there is none."""
    return plan.unread.get(target) or plan.unread.get(_item_of(verdict).code, "")


def _item_of(verdict: Verdict) -> Item:
    return known_items()[verdict.check.split(".")[0]]


def _for_a_ta(verdict: Verdict, target: str, cause: Cause) -> Verdict:
    """All points, provisionally: that it could not be run here tells nothing against it."""
    said = say("cause.for_a_ta", what=target, why=cause.why)
    return replace(verdict, state=State.NEEDS_REVIEW, fraction=1.0, said=said)


def _by_own_cell(verdict: Verdict, defined: str, cause: Cause) -> Verdict:
    """The verdict where a cell of the student's own did not run to its end: the one in which a
    target is ``defined``, or one that it needs."""
    outcome = cause.outcome
    if outcome is None:
        target = _item_of(verdict).target
        return replace(verdict, said=say("cause.of", what=target, why=cause.why))
    what = say("run.defining_cell", name=defined) if defined else say("run.needed_cell")
    judged = not_run(verdict.check, what, outcome)
    if judged.state is not State.INFRA_ERROR:
        return judged
    if defined:
        said = say("run.defining_cell_not_judged", name=defined, message=outcome.said)
    else:
        said = say("run.needed_cell_not_judged", message=outcome.said)
    return replace(judged, said=said)
