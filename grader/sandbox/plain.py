"""``--sandbox none``: the same limits and the same watcher, but no walls."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from grader import paths
from grader.sandbox.launch import Launch, environment
from grader.sandbox.limits import Limits
from grader.sandbox.starting import Starter


@dataclass(frozen=True)
class Plain(Starter):
    """Runs the kernel as an ordinary process in a temporary folder. It can read and reach all."""

    name: str = "none"

    def launch(self, command: list[str], folder: Path, limits: Limits) -> Launch:
        """``command`` as it is, in an empty work folder; see ``Walls.launch``."""
        work, temporary = folder / "home" / "work", folder / "tmp"
        work.mkdir(parents=True)
        temporary.mkdir()
        if paths.MNIST_DIR.is_dir():
            shutil.copytree(paths.MNIST_DIR, work / "data")
        env = environment(folder / "home", temporary)
        env["PATH"] = os.environ.get("PATH", env["PATH"])
        return Launch(tuple(command), env, work)
