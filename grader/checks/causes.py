"""Why code did not run here: by its own fault, or by what the grader lacks or leaves out.

What needs a library, or a version of Python or of a library, that is not here, is for a person; so
is what reads something that the grader does not run. The notebook's saved outputs decide between a
name of another version and one that is misspelt.
"""

import difflib
import platform
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from grader.intake import Plan, Runs
from grader.messages.message import Said, say
from grader.sandbox import Outcome

MISSPELT = 0.75  # likeness of a name to one that is there, for code that never ran
LIBRARIES = {"torch", "torchvision", "numpy", "matplotlib", "scipy", "PIL"}
ELSEWHERE = {  # what other versions have though it is like a name of today: see their release notes
    "torch": {"symeig", "lstsq", "rfft", "irfft", "solve", "eig", "gels", "matrix_rank", "qr"},
    "torchvision.transforms": {"Scale", "RandomSizedCrop"},
    "scipy.integrate": {"simps", "cumtrapz", "trapz"},
    "PIL.Image": {"ANTIALIAS", "LINEAR", "CUBIC"},
    "matplotlib.cm": {"get_cmap", "register_cmap"},
    "typing": {"override", "TypeIs", "ReadOnly", "evaluate_forward_ref"},
    "itertools": {"batched", "izip", "imap", "ifilter", "izip_longest"},
    "math": {"sumprod", "fma"},
    "random": {"binomialvariate"},
    "string": {"letters", "lowercase", "uppercase", "maketrans", "join"},
    "asyncio": {"coroutine"},
    "inspect": {"getargspec", "formatargspec"},
    "numpy": {"unstack", "cumulative_sum", "cumulative_prod", "find_common_type"},
}

_NO_MODULE = re.compile(r"^ModuleNotFoundError: No module named '([\w.]+)'")
_NO_NAME_IN = re.compile(r"^ImportError: cannot import name '(\w+)' from '([\w.]+)'")
_NO_NAME = re.compile(r"^NameError: name '(\w+)' is not defined")
_NO_PART = re.compile(r"^AttributeError: [mM]odule '?`?([\w.]+)'?`? has no attribute '?`?(\w+)")
_REMOVED = re.compile(r"^AttributeError: `(np|numpy)\.(\w+)` was removed in")
_TAKEN_OUT = re.compile(r"^\w+: (.{,200}\b(?:is now|has been|was|were) removed\b)")
_NO_ATTRIBUTE = re.compile(r"^AttributeError: .*has no attribute '(\w+)'")
_NO_KEYWORD = re.compile(r"^TypeError: ([\w.]+)\(\) got an unexpected keyword argument '(\w+)'")
_EMPTY_HANDED = re.compile(r"^(KeyError|StopIteration|IndexError|AttributeError|TypeError)\b")
_STAR = re.compile(r"from\s+[\w.]+\s+import\s+\*")


@dataclass(frozen=True)
class Cause:
    """``why`` follows a subject: "needs the library x". ``ours``: a TA decides; else it is the
    student's, and ``outcome`` what came of the statement."""

    why: Said
    ours: bool
    outcome: Outcome | None = None


class Causes:
    """What is known of a notebook's run."""

    def __init__(self, plan: Plan, failures: Mapping[int, Outcome], runs: Runs) -> None:
        self._plan, self._runs = plan, runs
        self._star: Cause | None = None
        self.lost: dict[str, Cause] = {}
        """Why names are not defined that the notebook defines."""
        for index, statement in enumerate(plan.statements):
            outcome = failures.get(index)
            if outcome is None:
                for name in statement.binds:
                    self.lost.pop(name, None)
                continue
            found = self.of(outcome.message, outcome.traceback)
            cause = found or Cause("", ours=False, outcome=outcome)
            self.lost |= dict.fromkeys(statement.binds, cause)
            if found is not None and _STAR.match(statement.source.lstrip()):
                self._star = found
        for name, gone in plan.gone.items():
            self.lost[name] = Cause(say("cause.gone", problem=gone.why), gone.ours)

    def of(self, message: str, traceback: str) -> Cause | None:
        """The cause of an exception (``Class: text``), where it is not the failing code itself."""
        if self._runs.raised(message):
            return None
        return self._of_import(message) or self._of_name(message, traceback)

    def _of_import(self, message: str) -> Cause | None:
        if match := _NO_MODULE.match(message):
            return Cause(say("cause.module", name=match[1]), ours=True)
        if match := _NO_NAME_IN.match(message):
            return self._of_part(match[2], match[1])
        if message.startswith("ImportError"):
            return Cause(say("cause.import_failed", message=message), ours=True)
        return None

    def _of_name(self, message: str, traceback: str) -> Cause | None:
        if match := _NO_NAME.match(message):
            name = match[1]
            withheld = self._plan.withheld.get(name)
            if name not in self.lost and withheld is not None:
                return left_out(name, withheld)
            known = {n for statement in self._plan.statements for n in statement.binds}
            star = None if name in known else self._star
            gone = self._plan.gone.get(name)
            if gone is not None:
                return Cause(say("cause.needs_gone", name=name, problem=gone.why), gone.ours)
            return self.lost.get(name) or star
        if match := _NO_PART.match(message):
            return self._of_part(match[1], match[2])
        if match := _REMOVED.match(message):
            return self._of_part("numpy", match[2])
        if match := _TAKEN_OUT.match(message):
            return Cause(say("cause.removed", message=match[1]), ours=True)
        if match := _NO_KEYWORD.match(message):
            own = {n for statement in self._plan.statements for n in statement.binds}
            if self._runs.shows_use and match[1].split(".")[0] not in own:
                why = say("cause.argument", function=match[1], name=match[2])
                return Cause(why, ours=True)
            return None
        if match := _NO_ATTRIBUTE.match(message):
            reason = self._plan.withheld.get(f".{match[1]}")
            if reason is not None:
                return left_out(match[1], reason)
        if _EMPTY_HANDED.match(message):
            return self._of_withheld(traceback)
        return None

    def _of_part(self, module: str, name: str) -> Cause | None:
        """A name that a module lacks here: of another version, or misspelt."""
        root = module.split(".", maxsplit=1)[0]
        standard = root in sys.stdlib_module_names
        if not standard and find_spec(root) is None:
            return None  # a module of the student's own: whatever it lacks, they wrote it
        known = parts_of(module, root)
        near = difflib.get_close_matches(name, known, 1, MISSPELT)
        if near and name not in ELSEWHERE.get(module, ()) and not self._runs.shows_use:
            return None
        python = say("cause.python", version=platform.python_version())
        whose = python if standard else say("cause.library", name=root)
        return Cause(say("cause.part", module=module, name=name, whose=whose), ours=True)

    def _of_withheld(self, traceback: str) -> Cause | None:
        """Where the line that failed reads what the grader does not run."""
        lines = [line for line in traceback.splitlines() if line.startswith("    ")]
        words = set(re.findall(r"\w+", lines[-1])) if lines else set()
        for name, reason in self._plan.withheld.items():
            if name in words:
                return left_out(name, reason)
        return None


def parts_of(module: str, root: str) -> list[str]:
    """The names that a module has here. Of those that are not imported yet only a few libraries'
    are looked at, as to import others may do anything."""
    if module not in sys.modules and root in LIBRARIES:
        with suppress(Exception):
            import_module(module)
    return dir(sys.modules[module]) if module in sys.modules else []


def left_out(name: str, reason: Said) -> Cause:
    return Cause(say("cause.left_out", name=name, reason=reason), ours=True)
