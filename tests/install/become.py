"""Run by root: runs a command as an ordinary user, who can enter some of the folders of root's.

Arguments: the user's number, ``FOLDER=PLACE`` for each closed folder and what lies in it that must
be reached, ``--``, and the command. Needs a mount namespace of its own if there are such folders.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path


def opened(folder: Path, places: list[Path]) -> None:
    """Covers the folder with one that all may enter and in which only the places lie."""
    stage = Path(tempfile.mkdtemp())
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", stage], check=True)
    for place in places:
        inner = stage / place.relative_to(folder)
        inner.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "--bind", place, inner], check=True)
    subprocess.run(["mount", "--rbind", stage, folder], check=True)
    subprocess.run(["umount", "--lazy", stage], check=True)
    stage.rmdir()


def main(user: int, closed: list[str], command: list[str]) -> None:
    folders: dict[Path, list[Path]] = {}
    for pair in closed:
        folder, _, place = pair.partition("=")
        folders.setdefault(Path(folder), []).append(Path(place).resolve())
    os.umask(0o022)
    for folder, places in folders.items():
        opened(folder, places)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    os.umask(0o077)
    os.chdir(os.environ.get("HOME", "/"))
    os.execvp(command[0], command)


if __name__ == "__main__":
    middle = sys.argv.index("--")
    main(int(sys.argv[1]), sys.argv[2:middle], sys.argv[middle + 1 :])
