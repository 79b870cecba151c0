"""Advice for a machine that does not let bubblewrap build its walls."""

import os
import re
from pathlib import Path

SYSCTL = Path("/proc/sys")
CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
SETTINGS = (
    ("kernel/unprivileged_userns_clone", "0", 1),
    ("kernel/apparmor_restrict_unprivileged_userns", "1", 0),
    ("user/max_user_namespaces", "0", 10000),
)
"""Settings that forbid user namespaces, the value that does so, and one that does not."""

_UNSEEN = re.compile(r"Can't find source path (.*): Permission denied")
_REFUSED = ("not permitted", "Permission denied", "No permissions", "No space left", "exceeded")


def remedy(said: str) -> str:
    """A sentence on what to do about an error of bubblewrap's; empty if that is not known."""
    if unseen := _UNSEEN.search(said):
        return f"{unseen[1]} is closed to it: run the grader as {owner_of(unseen[1])}."
    if not any(words in said for words in _REFUSED):
        return ""
    for name, forbids, allows in SETTINGS:
        if setting(name) == forbids:
            dotted = name.replace("/", ".")
            return f"Allow user namespaces: `sudo sysctl -w {dotted}={allows}`."
    if any(mark.exists() for mark in CONTAINER_MARKS):
        options = " ".join(
            f"--security-opt {name}=unconfined" for name in ("seccomp", "apparmor", "systempaths")
        )
        return f"Let the container make user namespaces: start it with `{options}`."
    return "Ask whoever looks after this machine to allow user namespaces."


def setting(name: str) -> str:
    """The value of a kernel setting; empty where there is none."""
    try:
        return (SYSCTL / name).read_text("utf-8").strip()
    except OSError:
        return ""


def owner_of(path: str) -> str:
    """The name of the user to whom the file, or the closed folder that it lies in, belongs."""
    place = Path(path)
    while place != place.parent and not os.access(place, os.F_OK):
        place = place.parent
    import pwd  # Windows, where only students check their own work, has none

    try:
        return pwd.getpwuid(place.stat().st_uid).pw_name
    except (OSError, KeyError):
        return "its owner"
