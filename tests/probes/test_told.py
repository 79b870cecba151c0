"""Which step training means by what the network is told in sampling."""

from typing import Any

import numpy as np

from grader.probes.told import Timesteps

SHOWN = np.array([0, 1, 3, 4])  # training left step 2 out by chance


def step_of(timesteps: Any, *numbers: float) -> Any:
    return timesteps.step_of({"t": np.tile(numbers, (20, 1))})


def test_a_step_that_training_left_out_is_known_by_those_round_it() -> None:
    timesteps = Timesteps({"t": (SHOWN[:, None] + 1) / 5}, SHOWN)
    assert [step_of(timesteps, (step + 1) / 5) for step in range(5)] == [0, 1, 2, 3, 4]


def test_steps_that_count_down_are_known_as_well() -> None:
    timesteps = Timesteps({"t": 5.0 - SHOWN[:, None]}, SHOWN)
    assert step_of(timesteps, 3.0) == 2


def test_what_lies_halfway_or_beyond_is_no_step() -> None:
    timesteps = Timesteps({"t": (SHOWN[:, None] + 1) / 5}, SHOWN)
    assert step_of(timesteps, 1.5 / 5) is None
    assert step_of(timesteps, 0.0) is None
    assert step_of(timesteps, 6 / 5) is None


def test_of_a_vector_only_what_training_told_is_a_step() -> None:
    angles = SHOWN[:, None] / 5 * np.array([1.0, 10.0])
    timesteps = Timesteps({"t": np.sin(angles)}, SHOWN)
    assert step_of(timesteps, *np.sin(3 / 5 * np.array([1.0, 10.0]))) == 3
    assert step_of(timesteps, *np.sin(2 / 5 * np.array([1.0, 10.0]))) is None
