"""A hundred new images from a submission's checkpoint, by its own code: slow, and only if asked."""

from pathlib import Path

import numpy as np

from grader.digits.clarity import DIGITS, WANTED, Clarity, judged
from grader.digits.decode import decoding_session
from grader.digits.grid import Grid
from grader.intake import Plan
from grader.sandbox import InfraError, KernelSession, Limits, Sandbox, Status, derived
from grader.settings.checkpoint import question, read_checkpoint, unfit
from grader.settings.folders import find_settings

SECONDS = 2 * 3600.0  # n_feat = 128 and T = 1000 take an hour on one core


def resample(
    root: Path, model: Plan, sandbox: Sandbox, limits: Limits, seed: int
) -> tuple[Clarity | None, list[str]]:
    """The clear digits of the first setting that can be sampled, and why the others could not.

    The limit of time is ``SECONDS``, the others are those of the rubric. Raises ``InfraError`` for
    faults of ours.
    """
    problems = []
    for name, found in find_settings(root).items():
        path = found.files.get("checkpoint")
        if path is None:
            continue
        with decoding_session(sandbox, limits, seed) as clean:
            if problem := read_checkpoint(clean, path, "weights.pth").problem:
                problems.append(f"results_{name}: the checkpoint was not read: {problem}.")
                continue
        with KernelSession(
            model.statements, sandbox=sandbox, limits=limits, seed=seed, seconds=SECONDS
        ) as session:
            inputs = question(name, derived(seed, "resample"), measure="samples", n_sample=WANTED)
            outcome = session.probe("network", inputs, SECONDS, {"path": (path, "weights.pth")})
        if outcome.status is Status.infra_error:
            raise InfraError(outcome.message)
        if session.noticed:
            problems.append(f"results_{name}: the code {'; '.join(sorted(session.noticed))}.")
            continue
        images = outcome.arrays.get("images")
        if images is None or not np.all(np.isfinite(images)):
            why = outcome.message or unfit(outcome.facts) or "its images are not finite numbers"
            problems.append(f"results_{name}: no images came of its checkpoint: {why}.")
            continue
        tiles = np.clip(images, 0, 1).astype(np.float32).reshape(-1, DIGITS, 28, 28)
        grid = Grid(tiles, np.zeros((*tiles.shape[:2], 4)))
        where = f"{WANTED} new images of results_{name}"
        return judged(grid, source="resampled", where=where), problems
    return None, problems
