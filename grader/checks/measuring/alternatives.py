"""Each prediction type is judged under every group of settings.

In a group the alternative that comes off best counts; of the groups, the worst. While the kernel
works on the next question, a thread judges the answer to the one before.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from grader.assignment import PREDICTIONS
from grader.checks.answers import Answer
from grader.checks.measuring.classes import Classes
from grader.checks.measuring.frames import Frame
from grader.checks.schedule_in_use import ScheduleInUse
from grader.checks.verdict import Verdict
from grader.sandbox import Status
from grader.states import State


@dataclass(frozen=True)
class Training:
    """What the loss tells the sampling check about the student's conventions.

    ``scale`` and ``shift``: the network sees scale * x + shift. ``unscaled_target``: under sample
    prediction it predicts x itself all the same. ``through``: a tanh that makes the image of its
    answer, by its lowest and highest value and its steepness. ``time``: the arguments that tell t,
    None if that is not known; ``told``: for each step, what they tell, empty if that is not one
    number; ``told_long``: the same where there are many steps. ``in_use``: the schedule under which
    this holds. ``classes``: what the other arguments mean. ``frame``: where the image lies in
    larger ones. ``left_out``: a step that training never draws, 0 or -1 for the last one.
    """

    scale: float = 1.0
    shift: float = 0.0
    unscaled_target: bool = False
    through: tuple[float, float, float] | None = None
    known: bool = False  # false: nothing is known of the conventions
    time: tuple[str, ...] | None = None
    told: tuple[float, ...] = ()
    told_long: tuple[float, ...] = ()
    in_use: ScheduleInUse | None = None
    classes: Classes | None = None
    frame: Frame | None = None
    left_out: int | None = None


Group = Sequence[ScheduleInUse]
Result = tuple[Verdict, Training]
Reply = TypeVar("Reply", bound=Answer)
Context = TypeVar("Context")


@dataclass(frozen=True)
class Try:
    """One of a group's alternatives."""

    prediction: str
    in_use: ScheduleInUse
    training: Training = Training()


@dataclass(frozen=True)
class Method(Generic[Reply, Context]):
    """How an item is examined: the kernel is asked, the answer judged without it, and then with it
    whatever the verdict leaves open."""

    tries: Callable[[str, Group], Sequence[Try]]
    ask: Callable[[Try], tuple[Reply, Context]]
    judge: Callable[[Try, Reply, Context], Result]
    conclude: Callable[[Try, Reply, Context, Result], Result] = lambda *known: known[-1]


def examine_predictions(
    groups: Sequence[Group], method: Method[Reply, Context]
) -> tuple[list[Verdict], dict[tuple[str, str], Training]]:
    """A verdict a prediction type; and what each (prediction, schedule) showed of training."""
    firsts = first_results(groups, method)
    verdicts, trainings = [], {}
    for prediction in PREDICTIONS:
        worst: Verdict | None = None
        for group in groups:
            tries = method.tries(prediction, group)
            verdict, training = best(results(tries, firsts, method))
            trainings[prediction, group[0].schedule] = training
            worst = worse(worst, verdict)
            if verdict.state is State.TIMEOUT:
                break  # another minute would not tell more
        assert worst is not None
        verdicts.append(worst)
    return verdicts, trainings


def first_results(
    groups: Sequence[Group], method: Method[Reply, Context]
) -> dict[Try, tuple[Reply, Context, Result]]:
    """Of every group's first alternative, which most often is all that must be tried.

    The questions are asked by this thread, in their order, so that what the student's code sees
    does not depend on timing.
    """
    pending: dict[Try, tuple[Reply, Context, Future[Result]]] = {}
    with ThreadPoolExecutor(1, "judge") as aside:
        for prediction in PREDICTIONS:
            for group in groups:
                first = method.tries(prediction, group)[0]
                answer, context = method.ask(first)
                found = aside.submit(method.judge, first, answer, context)
                pending[first] = answer, context, found
                if answer.ended.status is Status.timeout:
                    break
        return {
            first: (answer, context, found.result())
            for first, (answer, context, found) in pending.items()
        }


def results(
    tries: Iterable[Try],
    firsts: Mapping[Try, tuple[Reply, Context, Result]],
    method: Method[Reply, Context],
) -> Iterator[Result]:
    """One after the other, asked only when wanted; what raises an error under a schedule does so
    however the data are scaled."""
    raised: set[ScheduleInUse] = set()
    for one in tries:
        if one.in_use in raised:
            continue
        if one in firsts:
            answer, context, found = firsts[one]
        else:
            answer, context = method.ask(one)
            found = method.judge(one, answer, context)
        if found[0].state is State.ERROR:
            raised.add(one.in_use)
        yield method.conclude(one, answer, context, found)


def worse(one: Verdict | None, other: Verdict) -> Verdict:
    """Of the verdicts on two schedules, the one that stands: fewer points, then more doubt."""
    if one is None:
        return other
    rank = {State.PASSED: 2, State.NEEDS_REVIEW: 1, State.SKIPPED: 1}
    return min(one, other, key=lambda v: (v.right, v.fraction, rank.get(v.state, 0)))


def best(results: Iterable[Result]) -> Result:
    """The first that passes, else the first that a person must see, else what earns most; one that
    could not be judged might have passed, and so comes before those that fail."""
    kept: Result | None = None
    for result in results:
        if result[0].state is State.PASSED:
            return result
        if kept is None or worth(result[0]) > worth(kept[0]):
            kept = result
    assert kept is not None
    return kept


def worth(verdict: Verdict) -> tuple[bool, float, bool]:
    return verdict.right, verdict.fraction, verdict.state is State.SKIPPED
