"""Items ``setting_*``: whether each of the four settings was trained and sampled.

What is wrong in loss, sampler or schedule has cost its own item; here it only makes a person look.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.arrays import Array
from grader.checks import oracle
from grader.checks.cases import Case
from grader.checks.items import Item
from grader.checks.verdict import (
    Verdict,
    failed,
    missing,
    needs_review,
    not_judged,
    partial,
    passed,
    skipped,
)
from grader.settings.checkpoint import Checkpoint
from grader.settings.evidence import SettingEvidence, Twins, find_twins
from grader.settings.folders import FILES, PREDICTIONS, SCHEDULES, SETTINGS
from grader.settings.pictures import Evidence, Shown
from grader.states import Flag, State

logger = logging.getLogger(__name__)

CHECKS = ("checkpoint", "image", "animation")
LINEAR_TOLERANCE = (
    2e-3  # how unequal the steps of linear betas may be, of their mean: float32 rounds
)
ROUNDED_TOLERANCE = 1e-2  # of betas that were kept in bfloat16
COSINE_TOLERANCE = 5e-3  # of alphabar; other clips change it by less, linear betas by far more


@dataclass(frozen=True)
class Context:
    """Whether the code for "epsilon" and "sample" is right, the rubric's credit for a checkpoint
    that was not uploaded, 0 to 1, and whether checkpoints are looked into at all."""

    losses_right: Mapping[str, bool]
    samplers_right: Mapping[str, bool]
    missing_checkpoint: float
    look_inside: bool = True


def judge(
    seen: Mapping[str, SettingEvidence], context: Context
) -> tuple[list[Verdict], list[Flag]]:
    """Verdicts for every check of the four items, and what a TA should know."""
    twins = find_twins(seen)
    verdicts: list[Verdict] = []
    flags = [Flag("settings_alike", sentence(pair)) for pair in twins]
    for setting in SETTINGS:
        evidence = seen.get(setting)
        if evidence is None:
            text = f"No folder results_{setting} was found."
            verdicts += [missing(f"setting_{setting}.{name}", text) for name in CHECKS]
            continue
        flags += [Flag("name_differs", note) for note in evidence.found.notes]
        for kind, shown in (("image", evidence.image), ("gif", evidence.animation)):
            if shown is not None and shown.shown is Shown.COPIED:
                where = f"{evidence.found.name(kind)} of results_{setting}"
                flags.append(Flag("digits_copied", copies(where)))
        try:
            verdicts += judge_setting(setting, evidence, context, twins)
        except Exception as error:
            logger.exception("judging %s failed", setting)
            what = type(error).__name__
            verdicts += [not_judged(f"setting_{setting}.{name}", what) for name in CHECKS]
        if "checkpoint" not in evidence.found.files:
            text = f"results_{setting} holds no {FILES['checkpoint']}."
            flags.append(Flag("checkpoint_missing", text))
    return verdicts, flags


def unseen(what: str) -> list[Verdict]:
    """Where looking at all of them failed."""
    return [not_judged(f"setting_{s}.{name}", what) for s in SETTINGS for name in CHECKS]


def ours(check: str, name: str, reason: str) -> Verdict:
    """A fault of the grader's, which costs no more than this check."""
    text = f"The grader could not look at {name}: {reason}"
    return Verdict(check, State.INFRA_ERROR, 0.0, text)


def sentence(pair: Twins) -> str:
    return f"results_{pair.one} and results_{pair.other} hold the same {pair.what}."


def judge_setting(
    setting: str, evidence: SettingEvidence, context: Context, twins: Sequence[Twins]
) -> list[Verdict]:
    """The three verdicts on a setting whose folder is there."""
    prediction = setting.split("_", maxsplit=1)[0]
    item = f"setting_{setting}"
    sampler_right = context.samplers_right.get(prediction, False)
    name = evidence.found.name
    image = picture(f"{item}.image", name("image"), evidence.image, sampler_right)
    animation = picture(f"{item}.animation", name("gif"), evidence.animation, sampler_right)
    if "checkpoint" in evidence.found.files and not context.look_inside:
        text = f"{name('checkpoint')} is there; only the grader looks into it."
        checkpoint = skipped(f"{item}.checkpoint", text)
    elif evidence.checkpoint is None:
        shown = (image, animation)
        checkpoint = without_checkpoint(f"{item}.checkpoint", shown, context)
    else:
        checkpoint = with_checkpoint(f"{item}.checkpoint", setting, evidence, context)
    own = [pair for pair in twins if setting in (pair.one, pair.other)]
    return [
        doubted(checkpoint, [pair for pair in own if pair.what in ("weights", "network")]),
        doubted(image, [pair for pair in own if pair.what == "pictures"]),
        doubted(animation, [pair for pair in own if pair.what == "animations"]),
    ]


def doubted(verdict: Verdict, twins: Sequence[Twins]) -> Verdict:
    """``needs_review`` if another setting holds the same; what has failed stays so."""
    if not twins or verdict.fraction == 0:
        return verdict
    said = " ".join(sentence(pair) for pair in twins)
    text = f"{verdict.message} {said} A person must look."
    return needs_review(verdict.check, text, verdict.fraction, **verdict.details)


def picture(check: str, name: str, evidence: Evidence | None, sampler_right: bool) -> Verdict:
    if evidence is None:
        return missing(check, f"There is no {name}.")
    shown = evidence.shown
    if shown is Shown.NOT_SEEN:
        return ours(check, name, evidence.problem)
    if shown is Shown.DIGITS:
        return passed(check, f"{name} shows what was generated.")
    if shown is Shown.UNREADABLE:
        text = f"{name} cannot be read: {evidence.problem} A person must look."
        return needs_review(check, text, fraction=0.0)
    if shown is Shown.NO_GRID:
        text = f"In {name} no grid of tiles was found; a person must look."
        return needs_review(check, text)
    if shown is Shown.LIKE_REAL:
        text = f"The upper rows of {name} have exactly the size and place of real digits."
        return needs_review(check, f"{text} A person must look.")
    if shown is Shown.COPIED:
        return needs_review(check, f"{copies(name)} A person must look.")
    if shown is Shown.REAL:
        return failed(check, f"The upper rows of {name} are real digits, not generated ones.")
    text = {
        Shown.NOISE: f"{name} shows noise instead of digits.",
        Shown.BLANK: f"{name} shows nothing.",
        Shown.STILL: f"{name} does not show the way from noise to digits.",
    }[shown]
    if not sampler_right:
        text += " The sampler has lost its points already; a person must look."
        return needs_review(check, text)
    return failed(check, text)


def copies(name: str) -> str:
    """Of digits that are not generated; also a flag."""
    return f"The digits of {name} lie next to digits of MNIST's training data."


def without_checkpoint(check: str, shown: Sequence[Verdict], context: Context) -> Verdict:
    """Credit by the rubric, as a hundred megabytes cannot always be uploaded."""
    name = FILES["checkpoint"]
    if all(verdict.fraction == 0 for verdict in shown) or context.missing_checkpoint == 0:
        return missing(check, f"There is no {name}.")
    text = f"There is no {name}; the pictures stand for it."
    if context.missing_checkpoint == 1:
        return passed(check, text)
    return partial(check, context.missing_checkpoint, text)


def with_checkpoint(
    check: str, setting: str, evidence: SettingEvidence, context: Context
) -> Verdict:
    name, (prediction, schedule) = evidence.found.name("checkpoint"), setting.split("_")
    checkpoint, behaviour = evidence.checkpoint, evidence.behaviour
    assert checkpoint is not None
    if checkpoint.ours:
        return ours(check, name, checkpoint.problem)
    if checkpoint.problem:
        text = f"{name} was not read: {checkpoint.problem.rstrip('.')}; a person must look."
        return needs_review(check, text, context.missing_checkpoint)
    if not checkpoint.finite and (behaviour is None or behaviour.problem):
        return failed(check, f"{name} holds weights that are not finite numbers.")
    found = schedule_of(checkpoint, evidence.own_betas, schedule)
    predicts = behaviour.predicts if behaviour is not None else None
    details: dict[str, Any] = {
        "schedule": found,
        "entries": len(checkpoint.schedule.get("beta_t", ())),
        "predicts": predicts,
        "explains": dict(behaviour.explains) if behaviour is not None else {},
        "weights": checkpoint.weights,
    }
    wrong = []
    if found not in (None, schedule):
        wrong.append(f"its schedule is {found}" if found in SCHEDULES else "its schedule differs")
    if predicts not in (None, prediction):
        wrong.append(f"its network predicts {SAYS[predicts]}")
    if wrong:
        text = f"{name} is not that of {prediction}/{schedule}: {' and '.join(wrong)}."
        blamed = not context.losses_right.get(prediction, False) and predicts != prediction
        if blamed and found in (None, schedule):  # the loss trains on the wrong target
            text += " The loss has lost its points already; a person must look."
            return needs_review(check, text, **details)
        return failed(check, text, **details)
    if behaviour is None or behaviour.problem:
        reason = behaviour.problem if behaviour is not None else "no notebook 2-1 can be read"
        if behaviour is not None and behaviour.ours:
            return ours(check, name, reason)
        text = f"{name} could not be tried in the notebook's own network: {reason.rstrip('.')}."
        text += " A person must look."
        return needs_review(check, text, **details)
    if predicts is None:
        text = f"The network of {name} predicts neither the noise nor the image: it is not trained."
        if not context.losses_right.get(prediction, False):
            text += " The loss has lost its points already; a person must look."
            return needs_review(check, text, **details)
        return failed(check, text, **details)
    return passed(check, f"{name} is a trained network that predicts {SAYS[predicts]}.", **details)


SAYS = {"epsilon": "the noise", "sample": "the image"}


def schedule_of(checkpoint: Checkpoint, own: Sequence[Array], wanted: str) -> str | None:
    """ "linear" or "cosine" by the checkpoint's betas, "another" if they are neither.

    ``wanted`` if the student's own ``beta_schedule`` gives these betas for it, right or wrong. None
    if the checkpoint holds no betas.
    """
    betas = checkpoint.schedule.get("beta_t")
    if betas is None or len(betas) < 2 or not np.all(np.isfinite(betas)):
        return None
    forms = [betas, betas[1:]]  # T entries, or T + 1 of which the first is not used
    kinds = [
        name
        for name, fits in (("linear", is_linear), ("cosine", is_cosine))
        if any(fits(form) for form in forms if len(form) > 1)
    ]
    if wanted in kinds:
        return wanted
    if any(
        len(o) == len(betas) and np.allclose(o, betas, rtol=ROUNDED_TOLERANCE, atol=1e-6)
        for o in own
    ):
        return wanted
    return kinds[0] if kinds else "another"


def is_linear(betas: Array) -> bool:
    """Whether they grow by equal steps, from whatever to whatever."""
    steps = np.diff(betas)
    mean = float(steps.mean())
    return mean > 0 and bool(np.all(np.abs(steps - mean) <= LINEAR_TOLERANCE * mean + 2e-8))


def is_cosine(betas: Array) -> bool:
    expected = oracle.betas(Case(1e-4, 0.02, len(betas)), "cosine")
    return bool(
        np.all(np.abs(np.cumprod(1 - betas) - np.cumprod(1 - expected)) <= COSINE_TOLERANCE)
    )


ITEMS = tuple(
    Item(
        f"setting_{prediction}_{schedule}",
        CHECKS,
        {
            "en": f"Trained with {prediction} prediction, {schedule} schedule",
            "ko": f"{prediction} 예측, {schedule} 스케줄로 학습",
        },
        pictures="setting",
    )
    for prediction in PREDICTIONS
    for schedule in SCHEDULES
)
