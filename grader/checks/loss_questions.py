"""How losses are asked for: with few steps, and where that fails as the notebook itself runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from grader.checks import oracle
from grader.checks.answers import ConditionsAnswer, LossAnswer, NotebookAnswer, ToldAnswer
from grader.checks.cases import Case
from grader.checks.measuring.alternatives import Training, Try
from grader.checks.measuring.classes import (
    Classes,
    classes_as_told,
    classes_by_network,
    plain_classes,
)
from grader.checks.measuring.clock import DRAWS, Clock
from grader.checks.measuring.frames import Frame
from grader.checks.measuring.slots import Named, Slot
from grader.checks.schedule_in_use import K, ask
from grader.sandbox import KernelSession, Status

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

    def ask(self, kind: type[K], one: Try, case: Case, **inputs: Any) -> K:
        known = {"forms": self.forms, "seed": self.seed, "frame": None, "time": None}
        return ask(self.session, kind, one.in_use, case, one.prediction, **{**known, **inputs})

    def loss(self, one: Try) -> tuple[LossAnswer, Shown]:
        """A loss with few steps; with the notebook's own numbers if that fails."""
        case = oracle.loss_case(self.seed)
        calls = CALLS_AGAIN if one.prediction in self.asked else CALLS
        self.asked.add(one.prediction)
        answer = self.ask(LossAnswer, one, case, batch=BATCH, calls=calls)
        if answer.ended.status is Status.error:
            again, own = self.as_in_the_notebook(one)
            if len(again.x_t):
                answer, case = again, own
        if not len(answer.x_t):
            return answer, Shown(case)
        self.forms += [form for form in answer.forms if form not in self.forms]
        if len(answer.x_t) != len(answer.x):
            return answer, Shown(case)
        slots, labels = answer.slots, answer.c
        named = Named.of(slots, labels)
        clock = self.clock(one, case, named.time) if case.T > MANY else None
        classes = plain_classes(slots, named)
        if classes is None and named.classes:
            if one.prediction not in self.classes:
                self.classes[one.prediction] = self.by_network(one, named)
            calls = len(answer.calls)
            classes = self.classes[one.prediction] or classes_as_told(slots, named, labels, calls)
        return answer, Shown(case, slots, named, classes, clock)

    def as_in_the_notebook(self, one: Try) -> tuple[LossAnswer, Case]:
        """The same with the batch and the number of steps that the notebook has."""
        own = self.ask(NotebookAnswer, one, oracle.loss_case(self.seed))
        T = within(own.steps, 20, MOST_T) or OWN_T
        batch = within(own.batch_size, 2, MOST_BATCH) or OWN_BATCH
        case = replace(oracle.long_case(), T=T)
        return self.ask(LossAnswer, one, case, batch=batch, calls=OWN_CALLS), case

    def by_network(self, one: Try, named: Named) -> Classes | None:
        answer = self.ask(
            ConditionsAnswer,
            one,
            oracle.sampling_case(self.seed),
            calls=CONDITION_CALLS,
            n_sample=20,
            time=named.time,
        )
        return classes_by_network(answer, named.time)

    def clock(
        self, one: Try, case: Case, time: Sequence[str], frame: Frame | None = None
    ) -> Clock | None:
        """What training tells as t at each of many steps."""
        placed = None if frame is None else frame.as_json()
        answer = self.ask(ToldAnswer, one, case, time=time, draws=DRAWS * case.T, frame=placed)
        if answer.ended.status is not Status.ok:
            return None
        in_use = one.in_use
        steps = in_use.steps(in_use.entries(case, answer.schedule), case)
        return Clock.read(answer.told, time, steps)

    def long_clock(self, one: Try, training: Training) -> Clock | None:
        """The same of more steps than a byte counts, once; of another prediction type only if steps
        were left out."""
        if self.long_asked or not training.time:
            return None
        clock = self.clock(one, oracle.middle_case(self.seed), training.time, training.frame)
        self.long_asked = clock is None or not clock.never_told()
        return clock


def within(value: int | None, least: int, most: int) -> int | None:
    """The number if it is one within bounds."""
    return value if value is not None and least <= value <= most else None
