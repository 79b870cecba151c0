"""What could not be read is not absent: where it may hold what an item needs, a TA looks."""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from grader.assignment import SETTING_ITEMS
from grader.checks.items import known_items
from grader.checks.text_to_image import ITEM
from grader.checks.verdict import Verdict, needs_review
from grader.intake.candidates import kind_by_name
from grader.intake.records import Notebook, Submission, Unread
from grader.messages.message import Said, say, together
from grader.settings.folders import said_by
from grader.states import State

SAMPLES = "image_quality"
_CHECK_OF = {"image": "image", "gif": "animation", "checkpoint": "checkpoint"}
_SETTLED = (State.NEEDS_REVIEW, State.INFRA_ERROR)


def with_doubts(
    verdicts: Sequence[Verdict],
    submission: Submission,
    homeless: Sequence[Unread],
    samples_shown: bool,
) -> list[Verdict]:
    """The verdicts in the light of what could not be read. Points stay as they are, provisional.

    ``homeless`` are files of settings that do not say of which; ``samples_shown``: the notebook's
    own picture of a hundred samples was counted.
    """
    parts = {"2-1": submission.diffusion, "2-2": submission.text_to_image}
    unread = [*submission.unread, *homeless]
    return [_doubted(verdict, parts, unread, samples_shown) for verdict in verdicts]


def _doubted(
    verdict: Verdict,
    parts: dict[str, Notebook | None],
    unread: Iterable[Unread],
    samples_shown: bool,
) -> Verdict:
    if verdict.state in _SETTLED:
        return verdict
    item = verdict.check.split(".")[0]
    part = parts.get(known_items()[item].notebook)
    reason: Said = _of_part(verdict, part, samples_shown) if part is not None else ""
    elsewhere = verdict.state is State.MISSING or (item == SAMPLES and part is None)
    for it in unread:
        if not reason and (
            (it.altered and verdict.fraction < 1) or (elsewhere and _may_hold(it, verdict.check))
        ):
            reason = it.reason
    if not reason:
        return verdict
    known = part is not None and reason == part.problem and not verdict.fraction
    said = together("" if known else verdict.said, reason, say("run.review"))
    return needs_review(verdict.check, said, verdict.fraction, **verdict.details)


def _of_part(verdict: Verdict, part: Notebook, samples_shown: bool) -> Said:
    """Why the notebook that an item stands in leaves a doubt; empty if it leaves none."""
    if part.problem or part.doubt:
        return part.problem or part.doubt
    samples = verdict.check.startswith(SAMPLES)
    if samples_shown if samples else verdict.state is State.PASSED:
        return ""
    if part.lost:
        return part.lost
    return part.lost_outputs if samples or verdict.check == f"{ITEM}.pictures" else ""


def _may_hold(unread: Unread, check: str) -> bool:
    """Whether what could not be read may be what the check looks for."""
    if unread.whole:
        return True
    path = PurePosixPath(unread.path)
    item, name = check.split(".")
    said = said_by(path)
    if item in SETTING_ITEMS:
        of_setting = said.setting is None or said.setting == SETTING_ITEMS[item]
        if said.kind is None:  # a folder, or a link to one
            return said.setting is not None and of_setting
        return of_setting and _CHECK_OF[said.kind] == name
    if ".ipynb" not in path.name.lower() and not kind_by_name(path.name):
        return False
    kind, notebook = kind_by_name(path.name), known_items()[item].notebook
    return bool(notebook) and kind in ("", notebook)
