"""How losses are asked for: with few steps, and where that fails as the notebook itself runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from grader.checks import oracle
from grader.checks.alternatives import Training, Try
from grader.checks.cases import Case
from grader.checks.classes import Classes, classes_as_told, classes_by_network, plain_classes
from grader.checks.clock import DRAWS, Clock
from grader.checks.frames import Frame
from grader.checks.setting import ask
from grader.checks.slots import Named, Slot, slots_of
from grader.sandbox import KernelSession, Outcome, Status

CALLS, CALLS_AGAIN = 52, 40  # again: of another schedule, where t is drawn as before
BATCH = 10  # even, all classes once, and fewer images than time steps: t may be a shuffled range
OWN_CALLS, OWN_BATCH, OWN_T = 4, 256, 1000  # where only the notebook's own numbers work
MOST_BATCH, MOST_T = 512, 2000
MANY = 50  # steps, of which not each is drawn
CONDITION_CALLS = 100  # whole batches without labels, one in ten, are missed once in 40,000 times


@dataclass(frozen=True, eq=False)
class Shown:
    """How training was asked, and what that showed: the arguments by name, what they mean of
    classes; where there are many steps, what is told at each."""

    case: Case
    slots: Mapping[str, Slot] = field(default_factory=dict)
    named: Named | None = None
    classes: Classes | None = None
    clock: Clock | None = None


class Questions:
    """Asks for losses in order; what one shows, the next need not ask for."""

    def __init__(self, session: KernelSession, seed: int) -> None:
        self.session, self.seed = session, seed
        self.forms: list[str] = []  # calls that the notebook's own network takes
        self.classes: dict[str, Classes | None] = {}
        self.asked: set[str] = set()  # prediction types
        self.long_asked = False

    def ask(self, one: Try, case: Case, **inputs: Any) -> Outcome:
        known = {"forms": self.forms, "seed": self.seed, "frame": None, "time": None}
        return ask(self.session, one.setting, case, one.prediction, **{**known, **inputs})

    def loss(self, one: Try) -> tuple[Outcome, Shown]:
        """A loss with few steps; with the notebook's own numbers if that fails."""
        case = oracle.loss_case(self.seed)
        calls = CALLS_AGAIN if one.prediction in self.asked else CALLS
        self.asked.add(one.prediction)
        outcome = self.ask(one, case, measure="loss", batch=BATCH, calls=calls)
        if outcome.status is Status.error:
            again, own = self.as_in_the_notebook(one)
            if again.status is Status.ok and "x_t" in again.arrays:
                outcome, case = again, own
        if outcome.status is not Status.ok or "x_t" not in outcome.arrays:
            return outcome, Shown(case)
        self.forms += [form for form in outcome.facts.get("forms", ()) if form not in self.forms]
        if len(outcome.arrays["x_t"]) != len(outcome.arrays["x"]):
            return outcome, Shown(case)
        slots, labels = slots_of(outcome.arrays), np.asarray(outcome.arrays["c"])
        named = Named.of(slots, labels)
        clock = self.clock(one, case, named.time) if case.T > MANY else None
        classes = plain_classes(slots, named)
        if classes is None and named.classes:
            if one.prediction not in self.classes:
                self.classes[one.prediction] = self.by_network(one, named)
            calls = len(outcome.arrays["calls"])
            classes = self.classes[one.prediction] or classes_as_told(slots, named, labels, calls)
        return outcome, Shown(case, slots, named, classes, clock)

    def as_in_the_notebook(self, one: Try) -> tuple[Outcome, Case]:
        """The same with the batch and the number of steps that the notebook has."""
        facts = self.ask(one, oracle.loss_case(self.seed), measure="settings").facts
        T = number(facts.get("n_T"), 20, MOST_T) or OWN_T
        batch = number(facts.get("batch_size"), 2, MOST_BATCH) or OWN_BATCH
        case = replace(oracle.long_case(), T=T)
        return self.ask(one, case, measure="loss", batch=batch, calls=OWN_CALLS), case

    def by_network(self, one: Try, named: Named) -> Classes | None:
        outcome = self.ask(
            one,
            oracle.sampling_case(self.seed),
            measure="conditions",
            calls=CONDITION_CALLS,
            n_sample=20,
            time=named.time,
        )
        return classes_by_network(outcome, named.time)

    def clock(
        self, one: Try, case: Case, time: Sequence[str], frame: Frame | None = None
    ) -> Clock | None:
        """What training tells as t at each of many steps."""
        inputs = {"measure": "told", "time": time, "draws": DRAWS * case.T}
        outcome = self.ask(one, case, **inputs, frame=None if frame is None else frame.as_json())
        if outcome.status is not Status.ok:
            return None
        setting = one.setting
        steps = setting.steps(setting.entries(case, outcome), case)
        return Clock.read(outcome.arrays, time, steps)

    def long_clock(self, one: Try, training: Training) -> Clock | None:
        """The same of more steps than a byte counts, once; of another prediction type only if steps
        were left out."""
        if self.long_asked or not training.time:
            return None
        clock = self.clock(one, oracle.middle_case(self.seed), training.time, training.frame)
        self.long_asked = clock is None or not clock.never_told()
        return clock


def number(value: Any, least: int, most: int) -> int | None:
    """A whole number within bounds, as a kernel claims it; None for anything else."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and least <= value <= most else None
