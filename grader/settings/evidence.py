"""Everything that a submission shows of its four settings."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np

from grader.arrays import Array
from grader.bounded import TooMuch
from grader.intake import Plan
from grader.intake.archive import file_sha256
from grader.messages.message import Message, Said, say
from grader.sandbox import InfraError, KernelSession, Limits, Outcome, Sandbox, Status
from grader.settings.checkpoint import (
    Behaviour,
    Checkpoint,
    ask_even_grays,
    observe,
    observe_untrained,
    read_checkpoint,
)
from grader.settings.folders import SettingFiles, find_settings
from grader.settings.looks import Glance, glance, glance_untrained
from grader.settings.pictures import (
    SAME,
    Evidence,
    Shown,
    against_real,
    likeness,
    look_at_animation,
    look_at_image,
)

logger = logging.getLogger(__name__)

KnownPictures = dict[tuple[str, ...], Evidence]
"""What pictures show, by the sha256 and suffix of their files: of an image, or of an animation and
the image beside it."""
NEARLY = 0.999  # correlation of the weights of two networks, from which on one is the other
# Correlation of their answers to even grays: 1 where channels were permuted, 0.995 after noise of a
# tenth of the weights; 0.93 and 0.83 of those trained apart, 0.93 and 0.989 of those that began
# with the same weights, after no more than 60 steps.
ALIKE = 0.993
# The same of answers to one gray, below which the others need not be asked for. Of networks that
# reach ``ALIKE`` it is at least 0.92 and 0.994; of those trained apart at most 0.86 and 0.985.
PERHAPS = {"epsilon": 0.9, "sample": 0.985}


@dataclass(frozen=True)
class SettingEvidence:
    """Of one setting; what is not there is None. ``own_betas``: what the student's own
    ``beta_schedule`` gives for the checkpoint's T and betas under this schedule. ``even``: what the
    network answers to even grays, (N, 784)."""

    found: SettingFiles
    image: Evidence | None = None
    animation: Evidence | None = None
    checkpoint: Checkpoint | None = None
    behaviour: Behaviour | None = None
    own_betas: tuple[Array, ...] = field(default_factory=tuple)
    even: Array = field(default_factory=lambda: np.zeros((0, 784)), compare=False)


@dataclass(frozen=True)
class Twins:
    """Two settings of a submission that show the same ``what``: "weights", "network", "pictures" or
    "animations"."""

    one: str
    other: str
    what: str


def look(
    root: Path, session: KernelSession, look_inside: bool, known: KnownPictures | None = None
) -> dict[str, SettingEvidence]:
    """The evidence that the files of the settings hold by themselves; with ``look_inside`` also
    their checkpoints. ``session`` is one in which no student's code ran. Pictures that are
    ``known`` are not looked at again, and those that are looked at become known.
    """
    seen: dict[str, SettingEvidence] = {}
    for name, found in find_settings(root).items():
        files = found.files
        image = animation = None
        if "image" in files:
            image = remembered(known, [files["image"]], partial(image_in, session, files["image"]))
        if "gif" in files:
            both = [files["gif"], *([files["image"]] if image is not None else [])]
            animation = remembered(known, both, partial(animation_in, session, files["gif"], image))
        seen[name] = SettingEvidence(
            found,
            image=image,
            animation=animation,
            checkpoint=(
                opened(session, files["checkpoint"], f"{name}.pth")
                if look_inside and "checkpoint" in files
                else None
            ),
        )
    return seen


def image_in(session: KernelSession, path: Path) -> Evidence:
    return against_real(shown(look_at_image, session, path))


def animation_in(session: KernelSession, path: Path, image: Evidence | None) -> Evidence:
    return against_real(shown(look_at_animation, session, path), image)


def remembered(
    known: KnownPictures | None, paths: Sequence[Path], find: Callable[[], Evidence]
) -> Evidence:
    """What ``find`` sees in these files; not sought again where it was found, whatever came of it
    but for what could not be read."""
    if known is None:
        return find()
    key = tuple(f"{file_sha256(path)}{path.suffix.lower()}" for path in paths)
    if key not in known:
        seen = find()
        if seen.shown in (Shown.NOT_SEEN, Shown.UNREADABLE):
            return seen
        known[key] = seen
    return known[key]


def shown(
    look_at: Callable[[KernelSession, Path], Evidence], session: KernelSession, path: Path
) -> Evidence:
    """What one picture shows. Whatever is wrong with it costs no other one."""
    try:
        return look_at(session, path)
    except InfraError as error:
        return Evidence(Shown.NOT_SEEN, problem=error.said)
    except Exception as error:
        logger.exception("looking at %s failed", path.name)
        return Evidence(Shown.UNREADABLE, problem=unforeseen(error))


def opened(session: KernelSession, path: Path, name: str) -> Checkpoint:
    """What one checkpoint holds, likewise."""
    try:
        return read_checkpoint(session, path, name)
    except InfraError as error:
        return Checkpoint(error.said, ours=True)
    except Exception as error:
        logger.exception("reading %s failed", name)
        return Checkpoint(unforeseen(error))


def unforeseen(error: Exception) -> Message:
    return say("checkpoint.unforeseen", error=type(error).__name__)


def try_checkpoints(
    seen: Mapping[str, SettingEvidence],
    model: Callable[[], Plan],
    sandbox: Sandbox,
    limits: Limits,
    seed: int,
) -> dict[str, SettingEvidence]:
    """The same with what the checkpoints do in the student's own network. ``model`` plans how the
    notebook makes its model, and may raise ``TooMuch``. The student's code may take
    ``limits.trial_seconds`` in all.
    """
    tried = dict(seen)
    readable = [n for n, s in seen.items() if s.checkpoint is not None and not s.checkpoint.problem]
    if not readable:
        return tried
    try:
        plan, seconds = model(), limits.trial_seconds
    except TooMuch as reason:
        unknown = Behaviour(problem=say("trial.cannot_be_read", reason=reason.said))
        return {n: replace(s, behaviour=unknown) if n in readable else s for n, s in seen.items()}
    with KernelSession(
        plan.statements, sandbox=sandbox, limits=limits, seed=seed, seconds=seconds
    ) as own:
        first = readable[0]
        path = seen[first].found.files["checkpoint"]
        lacking: Said = ""
        before: Mapping[str, float] | None = None
        with suppress(InfraError):  # if no kernel can be had, each of them says so
            lacking = undefined(plan, own.prepare())
            before = glance_untrained(own, path, first, seed)  # before any weights are put in
        doubtful = readable
        grays: dict[str, Array] = {}
        if before is not None:
            glances = {name: try_glance(own, name, seen[name], before, seed) for name in readable}
            doubtful = [name for name, found in glances.items() if found.behaviour is None]
            grays = {name: found.even for name, found in glances.items()}
            for name, found in glances.items():
                if found.behaviour is not None:
                    tried[name] = judged(own, name, seen[name], found.behaviour, lacking)
        if doubtful:
            if before is not None:
                own.close()  # the next kernel's network has no weights put into it
            untrained: Mapping[str, float] = {}
            with suppress(InfraError):
                untrained = observe_untrained(own, path, first, seed)
            for name in doubtful:
                behaviour = try_observe(own, name, seen[name], untrained, seed)
                tried[name] = judged(own, name, seen[name], behaviour, lacking)
        for name in comparable(tried, grays):
            path = tried[name].found.files["checkpoint"]
            tried[name] = replace(tried[name], even=ask_even_grays(own, path, name, seed))
    return tried


def comparable(tried: Mapping[str, SettingEvidence], grays: Mapping[str, Array]) -> list[str]:
    """The settings whose networks predict the same as another's, and could be that one: they
    answer one gray alike, or that is not known."""
    predicts = {n: s.behaviour.predicts for n, s in tried.items() if s.behaviour is not None}
    pairs = [(a, b) for a, b in combinations(predicts, 2) if predicts[a] == predicts[b] is not None]
    could = [pair for pair in pairs if not apart(*pair, grays)]
    return [name for name in predicts if any(name in pair for pair in could)]


def apart(one: str, other: str, grays: Mapping[str, Array]) -> bool:
    """Whether two networks answer one gray so differently that they cannot be one. Networks in
    folders of different predictions were asked for different grays."""
    prediction, nothing = one.split("_", maxsplit=1)[0], np.zeros((0, 784))
    a, b = grays.get(one, nothing), grays.get(other, nothing)
    if prediction != other.split("_", maxsplit=1)[0] or not a.size or a.shape != b.shape:
        return False
    if not (a.std() and b.std()):
        return False
    return bool(np.corrcoef(a.ravel(), b.ravel())[0, 1] < PERHAPS[prediction])


def undefined(plan: Plan, failures: Mapping[int, Outcome]) -> Said:
    """Why there is no model to try the checkpoints in, if that is known."""
    for index, outcome in failures.items():
        if names := set(plan.statements[index].binds) & {"ContextUnet", "DDPM"}:
            name = names.pop()
            return say("trial.cell_did_not_run", name=name, message=outcome.said)
    return next((gone.why for n, gone in plan.gone.items() if n in ("ContextUnet", "DDPM")), "")


def try_glance(
    session: KernelSession,
    name: str,
    seen: SettingEvidence,
    untrained: Mapping[str, float],
    seed: int,
) -> Glance:
    """What few answers of the checkpoint's network show; of one whose weights are no numbers,
    nothing."""
    assert seen.checkpoint is not None
    if not seen.checkpoint.finite:
        return Glance(None)
    try:
        return glance(session, seen.found.files["checkpoint"], name, untrained, seed)
    except Exception:
        logger.exception("glancing at %s failed", name)
        return Glance(None)  # asking for all of them says why


def try_observe(
    session: KernelSession,
    name: str,
    seen: SettingEvidence,
    untrained: Mapping[str, float],
    seed: int,
) -> Behaviour:
    """What all answers show; whatever goes wrong costs no other setting."""
    try:
        return observe(session, seen.found.files["checkpoint"], name, untrained, seed)
    except InfraError as error:
        return Behaviour(problem=error.said, ours=True)
    except Exception as error:
        logger.exception("trying %s failed", name)
        return Behaviour(problem=unforeseen(error))


def judged(
    session: KernelSession, name: str, seen: SettingEvidence, behaviour: Behaviour, lacking: Said
) -> SettingEvidence:
    """The same with what the student's own code makes of the checkpoint; ``lacking``: why it may
    make nothing of it."""
    assert seen.checkpoint is not None
    betas = seen.checkpoint.schedule.get("beta_t")
    if lacking and behaviour.problem and not behaviour.ours:
        behaviour = replace(behaviour, problem=lacking)
    own = ask_own_schedule(session, name.split("_")[1], betas) if betas is not None else ()
    return replace(seen, behaviour=behaviour, own_betas=own)


def ask_own_schedule(session: KernelSession, schedule: str, betas: Array) -> tuple[Array, ...]:
    """The student's own betas for the T and the ends that a checkpoint's betas may stem from."""
    ends = {"beta1": float(betas[0]), "beta2": float(betas[-1])}
    later = {"beta1": float(betas[min(1, len(betas) - 1)]), "beta2": float(betas[-1])}
    cases = [{**e, "T": len(betas) - n, "betas": None} for n in (0, 1) for e in (ends, later)]
    inputs = {"function": "beta_schedule", "schedule": schedule, "cases": cases}
    outcome = session.probe("schedules", inputs)
    if outcome.status is not Status.ok:
        return ()
    return tuple(np.asarray(array, np.float64) for array in outcome.arrays.values())


def find_twins(seen: Mapping[str, SettingEvidence]) -> list[Twins]:
    """Settings that are the same work twice. Pictures under one seed may be alike; equal ones, and
    equal weights, are copies."""
    twins = []
    for one, other in combinations(seen, 2):
        a, b = seen[one].checkpoint, seen[other].checkpoint
        if a is not None and b is not None and same_weights(a, b):
            twins.append(Twins(one, other, "weights"))
        elif same_function(seen[one].even, seen[other].even):
            twins.append(Twins(one, other, "network"))
        if same_pictures(seen[one].image, seen[other].image):
            twins.append(Twins(one, other, "pictures"))
        if same_pictures(seen[one].animation, seen[other].animation):
            twins.append(Twins(one, other, "animations"))
    return twins


def same_weights(a: Checkpoint, b: Checkpoint) -> bool:
    if a.problem or b.problem:
        return False
    if a.weights != b.weights:
        return False
    if np.array_equal(a.sample, b.sample, equal_nan=True):
        return True
    if not (a.finite and b.finite):
        return False
    return bool(np.corrcoef(a.sample, b.sample)[0, 1] > NEARLY)


def same_function(a: Array, b: Array) -> bool:
    """Whether two networks answer the same where they were never trained."""
    if not a.size or a.shape != b.shape or not (a.std() and b.std()):
        return False
    return bool(np.corrcoef(a.ravel(), b.ravel())[0, 1] > ALIKE)


def same_pictures(a: Evidence | None, b: Evidence | None) -> bool:
    """Whether most tiles of the one are among those of the other, in whatever order."""
    if a is None or b is None or a.tiles is None or b.tiles is None:
        return False
    if not {a.shown, b.shown} <= {Shown.DIGITS, Shown.LIKE_REAL, Shown.COPIED}:
        return False
    if a.tiles.shape != b.tiles.shape:
        return False
    return bool(np.mean(likeness(a.tiles, b.tiles).max(axis=1) > SAME) > 0.5)
