"""A jupyter_client provisioner that starts the kernel in a sandbox and ends all of its processes.

Registered in memory under ``NAME``, so it needs no entry point and no kernelspec on disk. The name
of the notebook's own kernel does not matter.
"""

import contextlib
import os
import signal
import subprocess
import uuid
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Any as AnyTrait

from grader.sandbox.launch import Walls, kernel_command
from grader.sandbox.limits import Limits

NAME = "ddpm-grader-sandbox"
MARK = "DDPM_GRADER_KERNEL"
STDERR_BYTES = 4096
SWEEPS = 20


class SandboxProvisioner(LocalProvisioner):
    """Starts one kernel behind ``Walls``; ``folder`` is this kernel's private folder."""

    walls: Any = AnyTrait()
    limits: Any = AnyTrait()
    folder: Any = AnyTrait()

    contained = False

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Wraps the command that jupyter_client made and replaces the environment."""
        prepared: dict[str, Any] = await super().pre_launch(**kwargs)
        launch = self.walls.launch(prepared["cmd"], Path(self.folder), self.limits)
        self.contained = launch.contained
        self.mark = f"{MARK}={uuid.uuid4().hex}"
        key, _, value = self.mark.partition("=")
        prepared.update(
            cmd=list(launch.argv),
            env={**launch.env, key: value},
            cwd=str(launch.cwd),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        return prepared

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Starts the process; its standard error is read by ``stderr_text`` only."""
        info = await super().launch_kernel(cmd, **kwargs)
        if self.process is not None and self.process.stderr is not None and os.name == "posix":
            os.set_blocking(self.process.stderr.fileno(), False)
        return info

    def stderr_text(self) -> str:
        """The start of what was written to standard error so far (for kernels that don't start)."""
        if self.process is None or self.process.stderr is None or os.name != "posix":
            return ""
        with contextlib.suppress(OSError, ValueError):
            return (self.process.stderr.read(STDERR_BYTES) or b"").decode("utf-8", "replace")
        return ""

    async def kill(self, restart: bool = False) -> None:
        """Ends the kernel and everything that it started."""
        self.kill_tree()

    async def terminate(self, restart: bool = False) -> None:
        """The same: there is nothing in there that deserves a farewell."""
        self.kill_tree()

    def kill_tree(self) -> None:
        """Ends all processes; callable from any thread, and more than once."""
        if self.process is None or self.process.poll() is not None:
            return
        if self.contained:
            kill_namespace(self.process.pid)
        else:
            kill_descendants(self.process.pid, self.mark)


def kill_namespace(pid: int) -> None:
    """Ends the pid namespace below bubblewrap's process ``pid``: with its init, all is gone."""
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(pid).children():
            child.kill()
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def kill_descendants(pid: int, mark: str) -> None:
    """Ends ``pid``, its process group, its descendants, and orphans that carry its mark."""
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        family = root.children(recursive=True)
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)  # jupyter_client made it its group's leader
        for process in [root, *family]:
            with contextlib.suppress(psutil.Error):
                process.kill()
    for _ in range(SWEEPS):  # what it forks while we look, too
        orphans = marked(mark)
        for process in orphans:
            with contextlib.suppress(psutil.Error):
                process.kill()
        if not orphans:
            return


def marked(mark: str) -> list[psutil.Process]:
    """The processes whose environment holds ``mark``; dead ones don't count."""
    key, _, value = mark.partition("=")
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(key) == value:
                found.append(process)
    return found


class OneSpec(KernelSpecManager):
    """Knows a single kernel, whatever name is asked for."""

    spec: Any = AnyTrait()

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The one specification."""
        spec: KernelSpec = self.spec
        return spec


def kernel_specs(walls: Walls, limits: Limits, folder: Path) -> OneSpec:
    """The specification of a kernel behind ``walls``, for a kernel manager."""
    made_by = walls.provisioner
    name = f"{NAME}-{made_by.__name__}"
    entry = EntryPoint(name, f"{made_by.__module__}:{made_by.__name__}", _GROUP)
    KernelProvisionerFactory.instance().provisioners[name] = entry
    config = {"walls": walls, "limits": limits, "folder": folder}
    metadata = {"kernel_provisioner": {"provisioner_name": name, "config": config}}
    return OneSpec(
        spec=KernelSpec(
            argv=kernel_command(limits),
            display_name="sandbox",
            language="python",
            metadata=metadata,
        )
    )


_GROUP = KernelProvisionerFactory.GROUP_NAME
