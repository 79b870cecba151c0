"""A few seconds of fuzzing, the same ones each time; ``make fuzz`` goes on for as long as it may."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.changes import changed
from tests.fuzz.targets import TARGETS, seeds_of, tried

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)


@pytest.mark.parametrize("name", TARGETS)
def test_whole_inputs_and_those_that_did_harm_are_taken(name: str) -> None:
    for data in seeds_of(name):
        tried(TARGETS[name], data)


@pytest.mark.parametrize("name", TARGETS)
def test_changed_inputs_raise_nothing_and_take_no_time(name: str) -> None:
    seeds, words = seeds_of(name), TARGETS[name].words

    @settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=SLOW)
    @given(st.integers(0, 2**32))
    def try_one(number: int) -> None:
        tried(TARGETS[name], changed(Random(number), seeds, words))

    try_one()


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=SLOW)
@given(data=st.binary(max_size=200))
def test_any_bytes_raise_nothing(name: str, data: bytes) -> None:
    tried(TARGETS[name], data)
