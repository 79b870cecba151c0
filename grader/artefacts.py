"""What a submission shows beside its code: the picture of the samples, notebook 2-2, and the four
result folders. Nothing here depends on how the code was judged.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from nbformat import NotebookNode

from grader.bounded import TooMuch, bounded
from grader.checks import image_quality, text_to_image
from grader.checks.verdict import Verdict, not_judged
from grader.digits.choose import Found, find_samples
from grader.digits.clarity import WANTED, Clarity
from grader.intake import Submission, plan_model
from grader.messages.message import Said, say
from grader.sandbox import InfraError, KernelSession, Limits, Sandbox
from grader.settings.evidence import SettingEvidence, look, try_checkpoints
from grader.settings.resample import resample
from grader.states import Flag
from grader.text_to_image.works import Works, find_works

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kernels:
    """What kernels are started with."""

    sandbox: Sandbox
    limits: Limits
    seed: int


@dataclass(frozen=True)
class Counted:
    """What came of the picture of the samples."""

    verdict: Verdict
    clarity: Clarity | None
    flags: Sequence[Flag]


@dataclass(frozen=True)
class Artefacts:
    """What was found beside the code: verdicts on the samples and on notebook 2-2, and the evidence
    on the settings, whose verdicts depend on the code's."""

    counted: Counted
    works: tuple[list[Verdict], list[Flag], Works | None]
    settings: Mapping[str, SettingEvidence] | str


def count_digits(
    submission: Submission,
    notebook: NotebookNode | None,
    clean: KernelSession,
    resampling: Kernels | None,
) -> Counted:
    """Finds the picture of the samples and counts its clear digits; with ``resampling`` new ones
    are drawn where the notebook shows none."""
    try:
        found = find_samples(clean, notebook, submission.root)
        if resampling is not None and notebook is not None and not is_notebooks(found.clarity):
            new, why = resampled(submission, notebook, resampling)
            seen = [*found.seen, *why]
            found = Found(new, seen) if new else replace(found, seen=seen)
        verdict = image_quality.judge(found)
    except InfraError as error:
        return Counted(image_quality.not_counted(error.said), None, [])
    except Exception as error:
        logger.exception("counting the clear digits failed")
        return Counted(not_judged(image_quality.CHECK, error), None, [])
    near = verdict.details.get("near_real", 0)
    told = {
        "digits_copied": image_quality.copies(near) if near else None,
        "samples_elsewhere": image_quality.note(found.clarity),
        "digits_either_way": image_quality.either_way(found.clarity),
    }
    flags = [Flag(name, said) for name, said in told.items() if said]
    return Counted(verdict, found.clarity, flags)


def is_notebooks(clarity: Clarity | None) -> bool:
    """Whether the notebook itself shows a hundred samples."""
    return clarity is not None and clarity.source == "notebook" and clarity.total >= WANTED


def resampled(
    submission: Submission, notebook: NotebookNode, kernels: Kernels
) -> tuple[Clarity | None, list[Said]]:
    """The digits of new images, and why there are none; a fault of ours leaves what there is."""
    sandbox, limits, seed = kernels.sandbox, kernels.limits, kernels.seed
    try:
        plan = bounded(plan_model, notebook)
        return resample(submission.root, plan, sandbox, limits, seed)
    except TooMuch as reason:
        return None, [say("image_quality.not_drawn", reason=reason.said)]
    except InfraError as error:
        return None, [say("image_quality.could_not_draw", reason=error.said)]


def judge_works(
    submission: Submission, clean: KernelSession
) -> tuple[list[Verdict], list[Flag], Works | None]:
    """Own pictures from own words, by what notebook 2-2 says and shows; it is not run."""
    part = submission.text_to_image
    if part is None:
        return *text_to_image.judge(None), None
    if part.content is None:
        return text_to_image.damaged(part.problem), [], None
    try:
        works = find_works(clean, part.content, submission.root)
        return *text_to_image.judge(works), works
    except InfraError as error:
        return text_to_image.infra(error.said), [], None
    except Exception as error:
        logger.exception("judging notebook 2-2 failed")
        checks = [f"{text_to_image.ITEM}.{name}" for name in text_to_image.CHECKS]
        return [not_judged(check, error) for check in checks], [], None


def look_at_settings(
    submission: Submission,
    notebook: NotebookNode | None,
    clean: KernelSession,
    kernels: Kernels,
    look_inside: bool,
) -> Mapping[str, SettingEvidence] | str:
    """What the four settings show, or which exception kept that from being known. ``clean`` is
    closed before the student's own network looks at the checkpoints, as its memory is wanted."""
    try:
        seen = look(submission.root, clean, look_inside)
        if notebook is None:
            return seen
        clean.close()
        model = partial(bounded, plan_model, notebook)
        return try_checkpoints(seen, model, kernels.sandbox, kernels.limits, kernels.seed)
    except Exception as error:
        logger.exception("looking at the settings failed")
        return type(error).__name__
