"""A hundred new images from a submission's checkpoint, by its own code: slow, and only if asked."""

from pathlib import Path

import numpy as np

from grader.digits.clarity import DIGITS, WANTED, Clarity, judged
from grader.digits.grid import Grid
from grader.intake import Plan
from grader.messages.message import Said, said_by_probe, say
from grader.pictures.decode import decoding_session
from grader.sandbox import InfraError, KernelSession, Limits, Sandbox, Status, derived
from grader.sandbox.noticed import noticed_in_words
from grader.settings.checkpoint import question, read_checkpoint
from grader.settings.folders import find_settings

SECONDS = 2 * 3600.0  # n_feat = 128 and T = 1000 take an hour on one core


def resample(
    root: Path, model: Plan, sandbox: Sandbox, limits: Limits, seed: int
) -> tuple[Clarity | None, list[Said]]:
    """The clear digits of the first setting that can be sampled, and why the others could not.

    The limit of time is ``SECONDS``, the others are those of the rubric. Raises ``InfraError`` for
    faults of ours.
    """
    problems: list[Said] = []
    for name, found in find_settings(root).items():
        path = found.files.get("checkpoint")
        if path is None:
            continue
        with decoding_session(sandbox, limits, seed) as clean:
            if problem := read_checkpoint(clean, path, "weights.pth").problem:
                known = {"setting": name, "reason": problem}
                problems.append(say("image_quality.checkpoint_not_read", **known))
                continue
        with KernelSession(
            model.statements, sandbox=sandbox, limits=limits, seed=seed, seconds=SECONDS
        ) as session:
            inputs = question(name, derived(seed, "resample"), measure="samples", n_sample=WANTED)
            outcome = session.probe("network", inputs, SECONDS, {"path": (path, "weights.pth")})
        if outcome.status is Status.infra_error:
            raise InfraError(outcome.said)
        if session.noticed:
            why = say("trial.interferes", what=noticed_in_words(session.noticed))
            problems.append(say("image_quality.no_images", setting=name, reason=why))
            continue
        images = outcome.arrays.get("images")
        if images is None or not np.all(np.isfinite(images)):
            unknown = say("trial.images_not_finite")
            reason = outcome.said or said_by_probe(outcome.facts) or unknown
            problems.append(say("image_quality.no_images", setting=name, reason=reason))
            continue
        tiles = np.clip(images, 0, 1).astype(np.float32).reshape(-1, DIGITS, 28, 28)
        grid = Grid(tiles, np.zeros((*tiles.shape[:2], 4)))
        where = say("picture.new_images", count=WANTED, setting=name)
        return judged(grid, source="resampled", where=where), problems
    return None, problems
