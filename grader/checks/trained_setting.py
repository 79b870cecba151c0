"""Items ``setting_*``: whether each of the four settings was trained and sampled.

What is wrong in loss, sampler or schedule has cost its own item; here it only makes a person look.
"""

import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.arrays import Array
from grader.assignment import PREDICTIONS, SCHEDULES, SETTING, SETTING_ITEMS, SETTINGS
from grader.bounded import bounded
from grader.checks import oracle
from grader.checks.cases import Case
from grader.checks.items import HandedIn, Item, Judged, Looked, Looking
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
from grader.intake import plan_model
from grader.messages.message import Message, Said, say, together
from grader.settings import evidence as settings
from grader.settings.checkpoint import Checkpoint
from grader.settings.evidence import SettingEvidence, Twins, find_twins
from grader.settings.folders import FILES
from grader.settings.pictures import Evidence, Shown
from grader.states import Flag, State

logger = logging.getLogger(__name__)

CHECKS = ("checkpoint", "image", "animation")
# how unequal the steps of linear betas may be, of their mean: float32 rounds
LINEAR_TOLERANCE = 2e-3
ROUNDED_TOLERANCE = 1e-2  # of betas that were kept in bfloat16
COSINE_TOLERANCE = 5e-3  # of alphabar; other clips change it by less, linear betas by far more
SAME = {
    "weights": "setting.same_weights",
    "network": "setting.same_network",
    "pictures": "setting.same_pictures",
    "animations": "setting.same_animations",
}
PREDICTS = {"epsilon": say("setting.predicts_noise"), "sample": say("setting.predicts_image")}
TRAINED = {"epsilon": "setting.trained_noise", "sample": "setting.trained_image"}


@dataclass(frozen=True)
class Context:
    """Whether the code for "epsilon" and "sample" is right, the rubric's credit for a checkpoint
    that was not uploaded, 0 to 1, and whether checkpoints are looked into at all."""

    losses_right: Mapping[str, bool]
    samplers_right: Mapping[str, bool]
    missing_checkpoint: float
    look_inside: bool = True


def look(shown: HandedIn) -> Looked:
    """At the four result folders. The clean kernel is closed before the student's own network looks
    at the checkpoints, as its memory is wanted."""
    seen = settings.look(
        shown.submission.root, shown.clean, shown.look_inside, shown.known_pictures
    )
    if shown.notebook is not None:
        shown.clean.close()
        model = functools.partial(bounded, plan_model, shown.notebook)
        seen = settings.try_checkpoints(seen, model, shown.sandbox, shown.limits, shown.seed)
    tiles = {
        name: setting.image.tiles
        for name, setting in seen.items()
        if setting.image is not None and setting.image.tiles is not None
    }
    views = {
        name: {
            what: view
            for part in (setting.image, setting.animation)
            if part is not None
            for what, view in part.views.items()
        }
        for name, setting in seen.items()
    }

    def judge_by(verdicts: Sequence[Verdict]) -> Judged:
        right = {verdict.check: verdict.right for verdict in verdicts}
        context = Context(
            losses_right={n: right.get(f"loss.{n}", False) for n in PREDICTIONS},
            samplers_right={n: right.get(f"sampling.{n}", False) for n in PREDICTIONS},
            missing_checkpoint=shown.missing_checkpoint,
            look_inside=shown.look_inside,
        )
        return judge(seen, context)

    return Looked(judge_by, {"setting_tiles": tiles, "setting_views": views})


def judge(seen: Mapping[str, SettingEvidence], context: Context) -> Judged:
    """Verdicts for every check of the four items, and what a TA should know."""
    twins = find_twins(seen)
    verdicts: list[Verdict] = []
    flags = [Flag("settings_alike", alike(pair)) for pair in twins]
    for setting in SETTINGS:
        evidence = seen.get(setting)
        if evidence is None:
            said = say("setting.no_folder", setting=setting)
            verdicts += [missing(f"{SETTING}{setting}.{name}", said) for name in CHECKS]
            continue
        flags += [Flag("name_differs", note) for note in evidence.found.notes]
        for kind, shown in (("image", evidence.image), ("gif", evidence.animation)):
            if shown is not None and shown.shown is Shown.COPIED:
                name = evidence.found.name(kind)
                where = say("setting.file_of", name=name, setting=setting)
                flags.append(Flag("digits_copied", copies(where)))
        try:
            verdicts += judge_setting(setting, evidence, context, twins)
        except Exception as error:
            logger.exception("judging %s failed", setting)
            what = type(error).__name__
            verdicts += [not_judged(f"{SETTING}{setting}.{name}", what) for name in CHECKS]
        if "checkpoint" not in evidence.found.files:
            said = say("setting.no_checkpoint_file", setting=setting, name=FILES["checkpoint"])
            flags.append(Flag("checkpoint_missing", said))
    return verdicts, flags


def ours(check: str, name: str, reason: Said) -> Verdict:
    """A fault of the grader's, which costs no more than this check."""
    said = say("setting.not_looked_at", name=name, reason=reason)
    return Verdict(check, State.INFRA_ERROR, 0.0, said)


def alike(pair: Twins) -> Message:
    """That two settings hold the same."""
    return say(SAME[pair.what], one=pair.one, other=pair.other)


def judge_setting(
    setting: str, evidence: SettingEvidence, context: Context, twins: Sequence[Twins]
) -> list[Verdict]:
    """The three verdicts on a setting whose folder is there."""
    prediction = setting.split("_", maxsplit=1)[0]
    item = f"{SETTING}{setting}"
    sampler_right = context.samplers_right.get(prediction, False)
    name = evidence.found.name
    image = picture(f"{item}.image", name("image"), evidence.image, sampler_right)
    animation = picture(f"{item}.animation", name("gif"), evidence.animation, sampler_right)
    if "checkpoint" in evidence.found.files and not context.look_inside:
        said = say("setting.only_there", name=name("checkpoint"))
        checkpoint = skipped(f"{item}.checkpoint", said)
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
    said = together(verdict.said, *map(alike, twins), say("run.review"))
    return needs_review(verdict.check, said, verdict.fraction, **verdict.details)


def picture(check: str, name: str, evidence: Evidence | None, sampler_right: bool) -> Verdict:
    if evidence is None:
        return missing(check, say("setting.missing", name=name))
    shown = evidence.shown
    if shown is Shown.NOT_SEEN:
        return ours(check, name, evidence.problem)
    if shown is Shown.DIGITS:
        return passed(check, say("setting.generated", name=name))
    if shown is Shown.UNREADABLE:
        said = say("setting.unreadable", name=name, problem=evidence.problem)
        return needs_review(check, said, fraction=0.0)
    if shown is Shown.NO_GRID:
        return needs_review(check, say("setting.no_grid", name=name))
    if shown is Shown.LIKE_REAL:
        return needs_review(check, say("setting.like_real", name=name))
    if shown is Shown.COPIED:
        return needs_review(check, together(copies(name), say("run.review")))
    if shown is Shown.REAL:
        return failed(check, say("setting.real", name=name))
    bad = {
        Shown.NOISE: say("setting.noise", name=name),
        Shown.BLANK: say("setting.blank", name=name),
        Shown.STILL: say("setting.still", name=name),
    }[shown]
    if not sampler_right:
        return needs_review(check, together(bad, say("setting.sampler_lost")))
    return failed(check, bad)


def copies(name: Said) -> Message:
    """Of digits that are not generated; also a flag."""
    return say("setting.copied", name=name)


def without_checkpoint(check: str, shown: Sequence[Verdict], context: Context) -> Verdict:
    """Credit by the rubric, as a hundred megabytes cannot always be uploaded."""
    name = FILES["checkpoint"]
    if all(verdict.fraction == 0 for verdict in shown) or context.missing_checkpoint == 0:
        return missing(check, say("setting.missing", name=name))
    said = say("setting.pictures_stand", name=name)
    if context.missing_checkpoint == 1:
        return passed(check, said)
    return partial(check, context.missing_checkpoint, said)


def with_checkpoint(
    check: str, setting: str, evidence: SettingEvidence, context: Context
) -> Verdict:
    name, (prediction, schedule) = evidence.found.name("checkpoint"), setting.split("_")
    checkpoint, behaviour = evidence.checkpoint, evidence.behaviour
    assert checkpoint is not None
    if checkpoint.ours:
        return ours(check, name, checkpoint.problem)
    if checkpoint.problem:
        said = say("setting.not_read", name=name, problem=checkpoint.problem)
        return needs_review(check, said, context.missing_checkpoint)
    if not checkpoint.finite and (behaviour is None or behaviour.problem):
        return failed(check, say("setting.not_finite", name=name))
    found = schedule_of(checkpoint, evidence.own_betas, schedule)
    predicts = behaviour.predicts if behaviour is not None else None
    details: dict[str, Any] = {
        "schedule": found,
        "entries": len(checkpoint.schedule.get("beta_t", ())),
        "predicts": predicts,
        "explains": dict(behaviour.explains) if behaviour is not None else {},
        "weights": checkpoint.weights,
    }
    wrong: list[Message] = []
    if found in SCHEDULES and found != schedule:
        wrong.append(say("setting.schedule_is", found=found))
    elif found not in (None, schedule):
        wrong.append(say("setting.schedule_differs"))
    if predicts not in (None, prediction):
        wrong.append(PREDICTS[predicts])
    if wrong:
        both = say("setting.two_reasons", first=wrong[0], second=wrong[-1])
        values = {"prediction": prediction, "schedule": schedule}
        reason = both if len(wrong) > 1 else wrong[0]
        said = say("setting.other_setting", name=name, reason=reason, **values)
        blamed = not context.losses_right.get(prediction, False) and predicts != prediction
        if blamed and found in (None, schedule):  # the loss trains on the wrong target
            return needs_review(check, together(said, say("setting.loss_lost")), **details)
        return failed(check, said, **details)
    if behaviour is None or behaviour.problem:
        why = behaviour.problem if behaviour is not None else say("trial.no_notebook")
        if behaviour is not None and behaviour.ours:
            return ours(check, name, why)
        said = say("setting.not_tried", name=name, reason=why)
        return needs_review(check, said, **details)
    if predicts is None:
        said = say("setting.not_trained", name=name)
        if not context.losses_right.get(prediction, False):
            return needs_review(check, together(said, say("setting.loss_lost")), **details)
        return failed(check, said, **details)
    return passed(check, say(TRAINED[predicts], name=name), **details)


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


LOOK = Looking("settings", "looking at the four settings", look, closes=True)
ITEMS = tuple(
    Item(
        item,
        CHECKS,
        {
            "en": f"Setting {setting.replace('_', ', ')}",
            "ko": f"설정 {setting.replace('_', ', ')}",
        },
        pictures="setting",
        look=LOOK,
        order=2,
    )
    for item, setting in SETTING_ITEMS.items()
)
