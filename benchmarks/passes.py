"""What the networks of four trained settings cost by their width: few images, and all of them."""

import marshal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest import mock

import torch
from rich.progress import track
from rich.table import Table

from benchmarks.material import T, kept_cells, save, solved, submission
from benchmarks.show import Samples, ratio, spread
from benchmarks.speed import sandboxes, scratch, seconds
from grader.assignment import SETTINGS
from grader.intake import plan_model
from grader.pictures.decode import decoding_session
from grader.sandbox import Limits, Outcome, Sandbox, Status
from grader.sandbox.sources import probe_code
from grader.settings import evidence
from grader.settings.evidence import SettingEvidence, look, try_checkpoints

WIDTHS = (32, 64, 128, 256)


def passes(rounds: int) -> Table:
    """Forward passes alone, in this process with one thread; then all that trying the checkpoints
    takes, in a warm kernel."""
    warm, samples = sandboxes()[0], Samples()
    ways = {"all": whole_schedule, "few": nullcontext}
    with scratch() as folder, one_thread():
        roots = {n_feat: prepared(folder / str(n_feat), n_feat) for n_feat in WIDTHS}
        seen = {n_feat: looked_at(root, warm) for n_feat, root in roots.items()}
        for _ in track(range(rounds), description="passes"):
            for n_feat in WIDTHS:
                for name, way in ways.items():
                    images, took = passed(seen[n_feat], n_feat, way)
                    samples.add((n_feat, name, "images"), images)
                    samples.add((n_feat, name, "alone"), took)
                    with way():
                        tried = seconds(partial(checked, seen[n_feat], warm))
                    samples.add((n_feat, name, "tried"), tried)
    table = Table(
        *("n_feat", "", "images", "forward passes", "of all", "trying them", "of all"),
        title="seconds for the networks of four trained settings",
    )
    for n_feat in WIDTHS:
        for name in ways:
            row = [str(n_feat), name, f"{samples[n_feat, name, 'images'][0]:.0f}"]
            for part in ("alone", "tried"):
                values = samples[n_feat, name, part]
                row += [spread(values), ratio(values, samples[n_feat, "all", part])]
            table.add_row(*row)
    table.caption = "all: every image of the whole schedule, of which few are asked for otherwise"
    return table


def whole_schedule() -> AbstractContextManager[object]:
    """A context in which no network can be asked for few images, as was the only way once."""
    return mock.patch.object(evidence, "glance_untrained", return_value=None)


def prepared(root: Path, n_feat: int) -> Path:
    submission(root)
    for setting in SETTINGS:
        save(root, setting, n_feat)
    return root


def looked_at(root: Path, sandbox: Sandbox) -> dict[str, SettingEvidence]:
    with decoding_session(sandbox, Limits()) as clean:
        return look(root, clean, look_inside=True)


def checked(seen: Mapping[str, SettingEvidence], sandbox: Any) -> None:
    """Exits if a network is not seen to predict what it does: the time would mean nothing."""
    limits = Limits(submission_seconds=1200)
    found = try_checkpoints(seen, lambda: plan_model(solved()), sandbox, limits, 0)
    for setting in SETTINGS:
        behaviour = found[setting].behaviour
        if behaviour is None or behaviour.predicts != setting.split("_", maxsplit=1)[0]:
            raise SystemExit(f"{setting} was not read rightly: {behaviour}")


def passed(
    seen: Mapping[str, SettingEvidence], n_feat: int, way: Callable[[], Any]
) -> tuple[int, float]:
    """Images that networks answered, and their seconds."""
    here = Here(n_feat)
    with way(), mock.patch.object(evidence, "KernelSession", return_value=here):
        checked(seen, None)
    return here.images, here.seconds


@dataclass
class Here:
    """In the place of a session: probes run in this process, and their forward passes are timed."""

    n_feat: int
    images: int = 0
    seconds: float = 0.0
    noticed: frozenset[str] = frozenset()
    namespace: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.make()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.namespace.clear()

    def make(self) -> None:
        for source in kept_cells():
            exec(source, self.namespace)
        make = self.namespace
        network = make["ContextUnet"](1, self.n_feat, 10)
        asked = network.forward

        def forward(x: torch.Tensor, *others: Any) -> Any:
            began = time.thread_time()  # of the processor, as other work may run beside it
            answer = asked(x, *others)
            self.seconds += time.thread_time() - began
            self.images += len(x)
            return answer

        network.forward = forward
        make["ddpm"] = make["DDPM"](network, (1e-4, 0.02), T, "epsilon", "linear", "cpu")

    def prepare(self) -> Mapping[int, Outcome]:
        return {}

    def close(self) -> None:
        self.make()

    def probe(
        self,
        name: str,
        inputs: Mapping[str, Any],
        seconds: float = 0.0,
        files: Mapping[str, tuple[Path, str]] | None = None,
    ) -> Outcome:
        probe: dict[str, Any] = {}
        exec(marshal.loads(probe_code(name)), probe)
        paths = {key: str(path) for key, (path, _) in (files or {}).items()}
        arrays, facts = probe["run"](self.namespace, {**inputs, **paths})
        found = {key: value for key, value in dict(arrays).items() if hasattr(value, "shape")}
        return Outcome(Status.ok, arrays=found, facts=facts)


@contextmanager
def one_thread() -> Iterator[None]:
    """As in the sandbox."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
