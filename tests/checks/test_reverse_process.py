"""Judging a sampler's steps: simulated chains of every kind, over random schedules."""

import marshal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.arrays import Array
from grader.checks.answers import SamplingAnswer
from grader.checks.cases import Case
from grader.checks.measuring.alternatives import Training
from grader.checks.measuring.chain import Chain as Asked
from grader.checks.measuring.chain import read_chain
from grader.checks.measuring.clock import Clock
from grader.checks.measuring.reverse_process import judge_steps
from grader.checks.oracle import betas, entries, sampling_case
from grader.checks.sampling_questions import N_SAMPLE, recorded_steps
from grader.checks.schedule_in_use import Steps
from grader.checks.verdict import Verdict
from grader.results import State
from grader.sandbox import Outcome, Status
from grader.sandbox.sources import probe_code

seeds = st.integers(0, 10**6)
PROBE: dict[str, Any] = {"__name__": "probe"}
exec(marshal.loads(probe_code("diffusion")), PROBE)  # its parts are one source


class Chain:
    """A sampler in NumPy; subclasses get a step wrong in one way."""

    def __init__(self, case: Case, seed: int) -> None:
        own = entries(betas(case, "linear"))
        self.steps = Steps.of(own, case.T, 8.0)
        self.rng = np.random.default_rng(seed)
        self.T = case.T

    def alphabar(self, t: int) -> float:
        return float(self.steps.alphabar[t]) if t >= 0 else 1.0

    def mean(self, x: Array, x0: Array, t: int) -> Array:
        beta, ab, before = self.steps.beta[t], self.alphabar(t), self.alphabar(t - 1)
        a = np.sqrt(1 - beta) * (1 - before) / (1 - ab)
        return np.asarray(a * x + np.sqrt(before) * beta / (1 - ab) * x0)

    def noise(self, x: Array, t: int) -> Array:
        z = self.rng.standard_normal(x.shape)
        return np.asarray(np.sqrt(self.steps.beta[t]) * z if t > 0 else 0 * z)

    def run(self) -> SamplingAnswer:
        """What the probe answers of it."""
        inputs = {
            "n_sample": N_SAMPLE,
            "T": self.T,
            "record": recorded_steps(self.T),
            "prediction_type": "sample",
            "unscaled_target": False,
            "through": None,
            "scale": 1.0,
            "shift": 0.0,
            "fresh": True,
            "alphabar": self.steps.alphabar.tolist(),
            "seed": 0,
            "time": ("t",),
        }
        denoiser = PROBE["Denoiser"](inputs, PROBE["Frame"](None), None)
        network = SimpleNamespace(told=[], images=[])
        labels = np.arange(N_SAMPLE) % 10.0
        x = self.rng.standard_normal((N_SAMPLE, 784)).astype(np.float32)
        for t in range(self.T - 1, -1, -1):
            network.told.append({"c": labels, "t": np.full(N_SAMPLE, t / self.T)})
            network.images.append(N_SAMPLE)
            image = denoiser.answer(network, x.copy()).numpy()
            x = (self.mean(x, image, t) + self.noise(x, t)).astype(np.float32)
        seen = {"result": self.returned(x), "batch": np.array(network.images)}
        arrays = {**denoiser.seen(), **PROBE["slots"](network), **seen}
        store = PROBE["describe_store"](None, denoiser.shown, denoiser.images)
        facts = {"network_calls": len(network.told), "store": store}
        return SamplingAnswer.read(Outcome(Status.ok, arrays=arrays, facts=facts))

    def returned(self, x: Array) -> Array:
        return x


class Posterior(Chain):
    def noise(self, x: Array, t: int) -> Array:
        tilde = self.steps.beta[t] * (1 - self.alphabar(t - 1)) / (1 - self.alphabar(t))
        return np.asarray(np.sqrt(tilde) * self.rng.standard_normal(x.shape))


class VarianceAsDeviation(Chain):
    def noise(self, x: Array, t: int) -> Array:
        return np.asarray(super().noise(x, t) * np.sqrt(self.steps.beta[t]))


class NoiseAtTheEnd(Chain):
    def noise(self, x: Array, t: int) -> Array:
        return super().noise(x, max(t, 1))


class NoNoise(Chain):
    def noise(self, x: Array, t: int) -> Array:
        return np.zeros_like(x)


class UniformNoise(Chain):
    def noise(self, x: Array, t: int) -> Array:
        z = self.rng.uniform(-(3**0.5), 3**0.5, x.shape)
        return np.asarray(np.sqrt(self.steps.beta[t]) * z if t > 0 else 0 * z)


class SharedNoise(Chain):
    def noise(self, x: Array, t: int) -> Array:
        return np.repeat(super().noise(x[:1], t), len(x), axis=0)


class MeanNotDivided(Chain):
    def mean(self, x: Array, x0: Array, t: int) -> Array:
        return np.asarray(super().mean(x, x0, t) * np.sqrt(1 - self.steps.beta[t]))


class PosteriorOffByOne(Posterior):
    def noise(self, x: Array, t: int) -> Array:
        return super().noise(x, min(t + 1, self.T - 1)) if t > 0 else np.zeros_like(x)


class RootMissing(Chain):
    def mean(self, x: Array, x0: Array, t: int) -> Array:
        before = self.alphabar(t - 1)
        return super().mean(x, x0 * np.sqrt(before), t)


class Ddim(NoNoise):
    def mean(self, x: Array, x0: Array, t: int) -> Array:
        ab, before = self.alphabar(t), self.alphabar(t - 1)
        noise = (x - np.sqrt(ab) * x0) / np.sqrt(1 - ab)
        return np.asarray(np.sqrt(before) * x0 + np.sqrt(1 - before) * noise)


class Renoised(Chain):
    def mean(self, x: Array, x0: Array, t: int) -> Array:
        return np.asarray(np.sqrt(self.alphabar(t - 1)) * x0)

    def noise(self, x: Array, t: int) -> Array:
        return np.asarray(np.sqrt(1 - self.alphabar(t - 1)) * self.rng.standard_normal(x.shape))


class BetweenTheVariances(Chain):
    def noise(self, x: Array, t: int) -> Array:
        high = self.steps.beta[t]
        low = high * (1 - self.alphabar(t - 1)) / (1 - self.alphabar(t))
        return np.asarray((high * low) ** 0.25 * self.rng.standard_normal(x.shape))


class BroughtBack(Chain):
    """The data were normalised elsewhere, and the images are brought to 0..1 at the end."""

    def returned(self, x: Array) -> Array:
        return (x + 1) / 2


class Turned(Chain):
    def returned(self, x: Array) -> Array:
        return x.reshape(-1, 28, 28).transpose(0, 2, 1).reshape(-1, 784).copy()


class SilentAtEveryHundredth(Chain):
    def noise(self, x: Array, t: int) -> Array:
        return super().noise(x, t) * (t % 100 != 0)


class MeanNotDividedEarly(MeanNotDivided):
    def mean(self, x: Array, x0: Array, t: int) -> Array:
        early = 0.75 * self.T < t < 0.95 * self.T
        return super().mean(x, x0, t) if early else Chain.mean(self, x, x0, t)


class NoiseDoubledOnce(Chain):
    def noise(self, x: Array, t: int) -> Array:
        return super().noise(x, t) * (2 if t == self.T // 3 else 1)


class ClampedNowAndThen(Chain):
    def mean(self, x: Array, x0: Array, t: int) -> Array:
        clamped = np.clip(x, 0, 1) if t % 50 == 0 else x
        return super().mean(clamped, x0, t)


class InPairsOfPixels(Chain):
    def noise(self, x: Array, t: int) -> Array:
        return np.repeat(super().noise(x[:, ::2], t), 2, axis=1)


def asked_of(chain: Chain) -> Asked:
    T = chain.T
    clock = Clock({"t": np.arange(T)[:, None] / T}, np.arange(T), T)
    asked = read_chain(chain.run(), T, clock, None)
    assert isinstance(asked, Asked)
    return asked


def judged(kind: type[Chain], seed: int, case: Case | None = None) -> Verdict:
    chain = kind(case or sampling_case(seed), seed)
    return judge_steps("sampling.epsilon", asked_of(chain), chain.steps, Training())


@pytest.mark.parametrize("kind", [Chain, Posterior])
@settings(max_examples=12, deadline=None)
@given(seed=seeds)
def test_right_chains_pass(kind: type[Chain], seed: int) -> None:
    assert judged(kind, seed).state is State.PASSED


@pytest.mark.parametrize(
    "kind",
    [
        VarianceAsDeviation,
        NoiseAtTheEnd,
        NoNoise,
        UniformNoise,
        SharedNoise,
        MeanNotDivided,
        PosteriorOffByOne,
        RootMissing,
        Turned,
        SilentAtEveryHundredth,
        MeanNotDividedEarly,
        NoiseDoubledOnce,
        ClampedNowAndThen,
        InPairsOfPixels,
    ],
)
@settings(max_examples=4, deadline=None)
@given(seed=seeds)
def test_wrong_chains_fail(kind: type[Chain], seed: int) -> None:
    assert judged(kind, seed).state is State.FAILED


@pytest.mark.parametrize("kind", [Ddim, Renoised, BroughtBack])
@settings(max_examples=4, deadline=None)
@given(seed=seeds)
def test_other_samplers_are_for_a_person(kind: type[Chain], seed: int) -> None:
    assert judged(kind, seed).state is State.NEEDS_REVIEW


@pytest.mark.parametrize(
    ("kind", "state"),
    [(BetweenTheVariances, State.NEEDS_REVIEW), (PosteriorOffByOne, State.FAILED)],
)
@settings(max_examples=8, deadline=None)
@given(seed=seeds)
@example(seed=256017)  # one step's noise is 3.8 standard errors off by chance
def test_where_beta_rises_slowly_a_learned_variance_is_told_from_a_wrong_index(
    kind: type[Chain], state: State, seed: int
) -> None:
    assert judged(kind, seed, Case(0.01, 0.03, 220)).state is state
