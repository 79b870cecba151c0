"""How long the evidence of four full-size settings takes: checkpoints of 26 MB, no pictures."""

from functools import partial
from pathlib import Path

from rich.progress import track
from rich.table import Table

from benchmarks.material import save, solved, submission
from benchmarks.show import Samples, spread
from benchmarks.speed import sandboxes, scratch, seconds
from grader.assignment import SETTINGS
from grader.intake import plan_model
from grader.pictures.decode import decoding_session
from grader.sandbox import Limits, Sandbox
from grader.settings.evidence import SettingEvidence, look, try_checkpoints


def settings(rounds: int) -> Table:
    """Seconds from the submission's folder to what all four networks predict."""
    warm, cold = sandboxes()
    samples = Samples()
    with scratch() as folder:
        root = submission(folder / "2023-12345")
        size = sum(save(root, setting) for setting in SETTINGS)
        evidence(root, warm)  # the parent's own imports are paid once a run
        for _ in track(range(rounds), description="settings"):
            samples.add("warm", seconds(partial(evidence, root, warm)))
            samples.add("cold", seconds(partial(evidence, root, cold)))
    table = Table("kernels", "seconds", title="evidence of four settings, n_feat = 128")
    for name, values in samples.items():
        table.add_row(name, spread(values))
    table.caption = f"{size / 2**20:.0f} MiB of checkpoints, two kernels"
    return table


def evidence(root: Path, sandbox: Sandbox) -> dict[str, SettingEvidence]:
    """Exits if a network is not seen to predict what it does: the time would mean nothing."""
    with decoding_session(sandbox, Limits()) as clean:
        seen = look(root, clean, look_inside=True)
    seen = try_checkpoints(seen, lambda: plan_model(solved()), sandbox, Limits(), 0)
    for setting in SETTINGS:
        behaviour = seen[setting].behaviour
        if behaviour is None or behaviour.predicts != setting.split("_", maxsplit=1)[0]:
            raise SystemExit(f"{setting} was not read rightly: {behaviour}")
    return seen
