"""Kernels that have run the prelude: what a sandbox is to those who ask one."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from grader.messages.message import say
from grader.sandbox.client import ANSWER
from grader.sandbox.kernel import CellRaisedError, Kernel, KernelGoneError
from grader.sandbox.launch import Launch
from grader.sandbox.limits import InfraError, Limits
from grader.sandbox.provisioner import SandboxProvisioner
from grader.sandbox.seeds import derived
from grader.sandbox.sources import prelude_file, prelude_source
from grader.sandbox.text import one_line
from grader.scratch import scratch_for_sockets

PRELUDE_SECONDS = 120
IMPORTING = """
def _import():
    import contextlib, importlib
    for name in {}:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
_import()
del _import
"""


class Sandbox(Protocol):
    """Where kernels run; ``name`` is what the command line calls it."""

    @property
    def name(self) -> str: ...

    def start_kernel(self, limits: Limits, seed: int) -> Kernel:
        """A kernel that has run the prelude. Raises ``InfraError`` with the reason when none comes
        up."""
        ...

    def end_kernel(self, kernel: Kernel) -> None:
        """Ends a kernel of this sandbox's."""
        ...


class Starter(ABC):
    """Walls that are a sandbox, each kernel of which starts when it is wanted."""

    forks = False

    @property
    def base(self) -> Path:
        """A short path, as that of a socket must be."""
        return scratch_for_sockets()

    @property
    def provisioner(self) -> type:
        """Starts a process for each kernel."""
        return SandboxProvisioner

    @property
    @abstractmethod
    def name(self) -> str:
        """See ``Sandbox``."""

    @abstractmethod
    def launch(self, command: list[str], folder: Path, limits: Limits) -> Launch:
        """See ``Walls.launch``."""

    def start_kernel(self, limits: Limits, seed: int, imports: Sequence[str] = ()) -> Kernel:
        """A new kernel that has imported these modules, if they are there, and run the prelude.
        Raises ``InfraError`` with the reason when none comes up."""
        kernel = Kernel(self, limits)
        kernel.start()
        try:
            known = {
                "key": kernel.key.hex(),
                "seed": derived(seed, "statements"),
                "output_bytes": limits.output_bytes,
                "hidden": list(limits.hidden),
                "answer_type": ANSWER,
                "given": kernel.given,
            }
            path = kernel.give(prelude_file(known), "prelude")
            if imports:
                kernel.run(IMPORTING.format(list(imports)), PRELUDE_SECONDS, ours=True)
            kernel.run(prelude_source(path), PRELUDE_SECONDS, ours=True)
            kernel.take_back("prelude")
        except (CellRaisedError, KernelGoneError, OSError) as error:
            kernel.close()
            raise InfraError(say("sandbox.not_prepared", error=one_line(str(error)))) from error
        return kernel

    def end_kernel(self, kernel: Kernel) -> None:
        """Ends it, and waits until it is gone."""
        kernel.close()
