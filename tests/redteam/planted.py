"""Code that a notebook runs on its way to the schedules, and what shows that it got through."""

import re
import textwrap
from typing import Any

from tests.habits.draft import Draft
from tests.habits.edits import change, insert_before
from tests.redteam.table import Kind, attack

REACHED = "the walls did not hold"
HELPERS = """
import array, ctypes, errno, glob, os, resource, signal, socket, struct, subprocess, sys, threading, time

LIBC = ctypes.CDLL(None, use_errno=True)

def works(action, *arguments):
    try:
        result = action(*arguments)
    except (OSError, ValueError, AttributeError, RuntimeError, MemoryError):
        return False
    return result is not False

def called(number, *arguments):
    return LIBC.syscall(number, *arguments) >= 0

def opens(path, flags=os.O_RDONLY):  # past what makes missing folders for notebooks
    return LIBC.open(os.fsencode(path), flags) >= 0

def there(path):
    return LIBC.access(os.fsencode(path), 0) == 0

def shared(name):
    return next(line.split()[1] for line in open("/proc/mounts") if f"/{name} " in line)
"""
USED = f"""    try:
        got_through = OUTCOME
    except NameError:
        got_through = None
    assert not got_through, {REACHED!r}
"""


def plant(draft: Draft, source: str) -> None:
    """Puts a function in front of the schedules that runs ``source`` when the notebook does; what
    it returns, if anything, is what it reached, and costs the schedules."""
    body = textwrap.indent(textwrap.dedent(source).strip("\n"), "    ")
    code = f"{HELPERS}\ndef attempt():\n{body}\n\nOUTCOME = attempt()"
    insert_before(draft, "def beta_schedule", code)
    line = '    """The variances beta_t of the T noising steps, as a tensor."""\n'
    change(draft, (line, line + USED))


def planted(title: str, kind: Kind, source: str, **expect: Any) -> None:
    """Adds an attack to the table that leaves every item as it is."""

    def put(draft: Draft) -> None:
        plant(draft, source)

    put.__name__ = re.sub(r"\W+", "_", title)
    attack(title, kind, **expect)(put)
