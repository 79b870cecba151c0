"""How samples are asked for, and asked for once more in another way where that shows more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from grader.arrays import Array
from grader.checks import oracle
from grader.checks.answers import ConditionsAnswer, SamplingAnswer, ScheduleAnswer
from grader.checks.cases import Case
from grader.checks.measuring.alternatives import Training, Try
from grader.checks.measuring.chain import kinds_of, passes_of, path_of
from grader.checks.measuring.classes import Classes, classes_by_network
from grader.checks.measuring.clock import DRAWS, Clock
from grader.checks.schedule_in_use import ScheduleInUse, Steps, ask
from grader.sandbox import KernelSession, Status

N_SAMPLE = 20  # two of each class, so that halves hold each; neither 40 nor 100, as in the notebook
N_USUAL = 40  # as in the notebook
N_CHUNK = 10
WHOLE_STEPS = 5  # in a row, of which all pixels are kept
MANY_CALLS = 400


@dataclass(frozen=True)
class Question:
    """One way to ask for samples. ``timesteps`` is what training passes as t for steps 1..T."""

    in_use: ScheduleInUse
    case: Case
    prediction: str
    training: Training
    timesteps: tuple[float, ...] | None
    steps: Steps


@dataclass(frozen=True, eq=False)
class Asked:
    """What was asked for, and what training tells as t."""

    question: Question
    clock: Clock | None


def recorded_steps(T: int) -> list[int]:
    """The steps whose x_t is kept as a whole: the first, some in the middle, the last ones."""
    middle = int(0.6 * T)
    return [0, *range(middle, middle + WHOLE_STEPS), *range(max(T - 4, middle + WHOLE_STEPS), T)]


class Questions:
    """Asks for samples in order; what one question showed, the next need not ask for: what training
    passes as t, by what it passed for the few steps of the loss; and the entries in use."""

    def __init__(self, session: KernelSession, seed: int) -> None:
        self.session, self.seed = session, seed
        self.timesteps: dict[tuple[Case, tuple[float, ...]], tuple[float, ...]] = {}
        self.entries: dict[tuple[ScheduleInUse, Case], Mapping[str, Array]] = {}
        self.forms: list[str] = []
        self.long_asked = False
        self.first: dict[str, str] = {}  # the schedule under which a prediction type comes first

    def samples(self, one: Try) -> tuple[SamplingAnswer, Asked]:
        """What ``sample`` does."""
        question = self.first_question(one)
        answer = self.ask(question, N_SAMPLE)
        for case in self.longer_cases(question.case):
            raised = answer.ended.status is Status.error
            if not raised and not stores_little(answer):
                break
            second = self.prepared(one, case)
            again = self.ask(second, N_USUAL if raised else N_SAMPLE)
            if again.network_calls:
                answer, question = again, second
        if in_other_parts(answer, self.clock_of(question, answer)):
            answer = self.ask(question, N_CHUNK)
        self.forms += [form for form in answer.forms if form not in self.forms]
        clock = self.clock_of(question, answer)
        if answer.sampled:
            question = self.with_classes(one, question, answer)
        return answer, Asked(question, clock)

    def first_question(self, one: Try) -> Question:
        """About a hundred steps under a prediction type's first schedule, half as many under the
        other one; once, more than a byte counts."""
        training, schedule = one.training, one.in_use.schedule
        first = self.first.setdefault(one.prediction, schedule)
        if training.told_long and not self.long_asked:
            self.long_asked = True
            question = self.prepared(one, oracle.middle_case(self.seed))
            return replace(question, timesteps=training.told_long)
        if schedule != first:
            return self.prepared(one, oracle.short_case(self.seed))
        return self.prepared(one, oracle.sampling_case(self.seed))

    def longer_cases(self, case: Case) -> list[Case]:
        """What is asked where a sampler stores little of few steps, or divides by too few."""
        longer = [oracle.sampling_case(self.seed), oracle.long_case()]
        return [one for one in longer if one.T > case.T]

    def prepared(self, one: Try, case: Case) -> Question:
        """Finds out the schedule in use, and what is known already of what training passes as t."""
        in_use, training = one.in_use, one.training
        key = in_use, case
        if key not in self.entries and in_use.stand_in is not None:
            self.entries[key] = in_use.reference_entries(case)
        elif key not in self.entries:
            both = [oracle.sampling_case(self.seed), oracle.middle_case(self.seed)]
            cases = both if case in both else [case]  # asked together, as each takes a while
            found = self.own_entries(in_use, cases)
            self.entries |= {(in_use, each): one for each, one in zip(cases, found, strict=True)}
        steps = in_use.steps(self.entries[key], case)
        timesteps = self.timesteps.get((case, training.told))
        return Question(in_use, case, one.prediction, training, timesteps, steps)

    def own_entries(
        self, in_use: ScheduleInUse, cases: Sequence[Case]
    ) -> list[Mapping[str, Array]]:
        """What the student's ``ddpm_schedules`` returns; the reference's if it returns nothing."""
        inputs = {
            "function": "ddpm_schedules",
            "schedule": in_use.schedule,
            "cases": [{**case.__dict__, "betas": None} for case in cases],
        }
        answer = ScheduleAnswer.read(self.session.probe("schedules", inputs), len(cases))
        if answer.ended.status is not Status.ok and len(cases) > 1:  # one of them may go well
            return [one for case in cases for one in self.own_entries(in_use, [case])]
        found = []
        for own, case in zip(answer.cases, cases, strict=True):
            usable = {"beta_t", "alphabar_t"} <= own.keys()
            reference = ScheduleInUse(in_use.schedule, "T")
            found.append(in_use.corrected(own) if usable else reference.reference_entries(case))
        return found

    def ask(self, question: Question, n_sample: int, fresh: bool = True) -> SamplingAnswer:
        training, steps = question.training, question.steps
        return ask(
            self.session,
            SamplingAnswer,
            question.in_use,
            question.case,
            question.prediction,
            seed=self.seed,
            n_sample=n_sample,
            forms=self.forms,
            frame=None if training.frame is None else training.frame.as_json(),
            record=recorded_steps(question.case.T),
            alphabar=steps.alphabar.tolist(),
            alphabar_prev=steps.alphabar_prev,
            scale=training.scale,
            shift=training.shift,
            unscaled_target=training.unscaled_target,
            through=training.through,
            time=training.time,
            timesteps=question.timesteps,
            draws=DRAWS * question.case.T,
            fresh=fresh,
        )

    def clock_of(self, question: Question, answer: SamplingAnswer) -> Clock | None:
        """What training tells as t: as was known, or as the same question showed."""
        time, T = question.training.time, question.case.T
        if not time:
            return None
        if question.timesteps is not None:
            rows = {time[0]: np.array(question.timesteps)[:, None]}
            return Clock(rows, np.arange(T), T)
        clock = Clock.read(answer.told, time, question.steps)
        numbers = None if clock is None else clock.numbers()
        told = question.training.told
        if numbers is not None and told:
            self.timesteps[question.case, told] = tuple(numbers)
        return clock

    def with_classes(self, one: Try, question: Question, answer: SamplingAnswer) -> Question:
        """The same, knowing more of the classes if sampling tells what training did not."""
        training = question.training
        if training.classes is None or not training.time:
            return question
        if not tells_unknown(answer, training.classes):
            return question
        for calls in (100, MANY_CALLS):
            classes = self.classes(one, question, calls)
            if classes is None:
                known = replace(training, classes=replace(training.classes, sure=False))
                return replace(question, training=known)
            if not tells_unknown(answer, classes):
                break
        return replace(question, training=replace(training, classes=classes))

    def classes(self, one: Try, question: Question, calls: int) -> Classes | None:
        training = question.training
        assert training.time is not None
        asked = ask(
            self.session,
            ConditionsAnswer,
            question.in_use,
            question.case,
            one.prediction,
            seed=self.seed,
            calls=calls,
            n_sample=N_SAMPLE,
            forms=self.forms,
            frame=None,
            time=training.time,
        )
        return classes_by_network(asked, training.time)


def stores_little(answer: SamplingAnswer) -> bool:
    """Whether the sampler went well but for the intermediate images that it did not keep, or for
    which it has empty frames; the last image may be kept twice."""
    store = answer.store
    return store is not None and (not store.frames or store.frames - store.different > 1)


def in_other_parts(answer: SamplingAnswer, clock: Clock | None) -> bool:
    """Whether the images are sampled in parts that do not come one after the other."""
    return answer.sampled and passes_of(answer, path_of(answer, clock)) is None


def tells_unknown(answer: SamplingAnswer, classes: Classes) -> bool:
    """Whether some answer was told something else of the classes than training tells."""
    passes = passes_of(answer, None) or [(range(len(answer.steps)), 0)]
    kinds = kinds_of(answer, passes, classes)
    return any("unknown" in kind for kind in kinds)
