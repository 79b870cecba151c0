"""What the rubric can give points for: each item is declared by the module that judges it.

A module of this room declares its items in ``ITEMS``. Rubric, examination and pages read no more
than that, so that a new item is one module, and one entry of the rubric. An item asks the student's
code, or looks at what was handed in beside it.
"""

import importlib
import pkgutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, Self

from nbformat import NotebookNode

from grader import checks
from grader.checks.measuring.alternatives import Training
from grader.checks.schedule_in_use import ScheduleInUse, schedules_to_judge
from grader.checks.tolerances import Tolerances
from grader.checks.verdict import NO_END, Verdict
from grader.intake import Submission
from grader.sandbox import KernelSession, Limits, Sandbox
from grader.settings.evidence import KnownPictures
from grader.states import Flag

Spaces = Callable[[], Collection[tuple[float, float]]]


@dataclass
class Known:
    """What an item asks, and what was found by those before it.

    The kernel is told of the seed of a question, and must not know those of other items.
    ``spaces`` gives the (scale, shift) to which the notebook may bring its data, to three decimals.
    ``entries_right``: for which schedules all entries are right; ``trainings``: what each
    (prediction, schedule) showed of training.
    """

    session: KernelSession
    seed: int
    tolerances: Tolerances
    spaces: Spaces
    verdicts: list[Verdict] = field(default_factory=list)
    entries_right: dict[str, bool] = field(default_factory=dict)
    trainings: dict[tuple[str, str], Training] = field(default_factory=dict)

    def schedules(self) -> list[list[ScheduleInUse]]:
        """With which schedules loss and sampler are asked, once betas and entries are judged."""
        betas, entries = self.of("beta_schedule"), self.of("schedule_parameters").values()
        right = {name: verdict.right for name, verdict in betas.items()}
        entries_right = {name: self.entries_right.get(name, False) for name in right}
        from_zero = {n: bool(v.details.get("index_0_usable")) for n, v in betas.items()}
        ended = not any(verdict.state in NO_END for verdict in entries)
        return schedules_to_judge(right, entries_right, from_zero, ended, self.tolerances)

    def of(self, item: str) -> dict[str, Verdict]:
        """The verdicts on an item by the names of its checks."""
        found = (verdict.check.split(".") for verdict in self.verdicts)
        return {
            name: verdict
            for (owner, name), verdict in zip(found, self.verdicts, strict=True)
            if owner == item
        }


@dataclass(frozen=True)
class HandedIn:
    """What an item looks at that asks no code. ``clean`` is a kernel that decodes pictures, and
    runs nothing of the student's; others can be started from ``sandbox``, ``limits`` and ``seed``.
    ``resample``, ``look_inside``, ``known_pictures`` and ``missing_checkpoint`` are as for the
    pipeline and the rubric.
    """

    submission: Submission
    notebook: NotebookNode | None
    clean: KernelSession
    sandbox: Sandbox
    limits: Limits
    seed: int
    resample: bool
    look_inside: bool
    missing_checkpoint: float
    known_pictures: KnownPictures | None = None


Judged = tuple[list[Verdict], list[Flag]]


@dataclass(frozen=True)
class Looked:
    """What was seen. ``judge`` gives verdicts and flags by those on the code; ``seen``, for people,
    are fields of ``results.Seen``."""

    judge: Callable[[Sequence[Verdict]], Judged]
    seen: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def judged(cls, verdicts: list[Verdict], flags: Sequence[Flag] = (), **seen: Any) -> Self:
        """What depends on no other verdict."""
        return cls(lambda _: (verdicts, [*flags]), seen)


@dataclass(frozen=True)
class Looking:
    """How some items look at what was handed in. ``stage`` is what its seconds are called,
    ``doing`` what people are told meanwhile. One that ``closes`` the clean kernel comes last."""

    stage: str
    doing: str
    find: Callable[[HandedIn], Looked]
    closes: bool = False


@dataclass(frozen=True)
class Item:
    """What an item of the rubric needs.

    ``checks``: their names. ``title``: what it is called, by language. ``notebook``: in which it
    stands, if in one. ``target`` and ``method``: what of the code it asks. ``pictures``: what a
    person is shown beside it. ``examine`` asks the student's code, in ``order``: what one item
    finds, the next builds on. ``look`` looks at what was handed in beside the code.
    """

    id: str
    checks: tuple[str, ...]
    title: Mapping[str, str]
    notebook: Literal["2-1", "2-2", ""] = ""
    target: str = ""
    method: str = ""
    pictures: Literal["samples", "setting", "works", ""] = ""
    examine: Callable[[Known], list[Verdict]] | None = None
    look: Looking | None = None
    order: int = 0

    @property
    def code(self) -> str:
        """What it asks, such as ``DDPM.sample``."""
        return f"{self.target}.{self.method}" if self.method else self.target

    def each(self) -> list[str]:
        """The ids of its checks."""
        return [f"{self.id}.{name}" for name in self.checks]


@cache
def known_items() -> dict[str, Item]:
    """Every item by its id; those that ask the student's code come first, in their order."""
    modules = [
        importlib.import_module(f"{checks.__name__}.{found.name}")
        for found in pkgutil.iter_modules(checks.__path__)
    ]
    declared: list[Item] = [item for m in modules for item in getattr(m, "ITEMS", ())]
    declared.sort(key=lambda item: (item.examine is None, item.order))
    return {item.id: item for item in declared}


def code_items() -> list[Item]:
    """Those that ask the student's code, in the order in which they do."""
    return [item for item in known_items().values() if item.examine is not None]


def looks() -> dict[Looking, list[str]]:
    """How the others look, in the items' order, each with the checks that it judges."""
    found: dict[Looking, list[str]] = {}
    for item in known_items().values():
        if item.look is not None:
            found.setdefault(item.look, []).extend(item.each())
    return found
