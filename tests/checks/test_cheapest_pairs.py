"""The cheapest pairing, compared with scipy's."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from grader.arrays import Array
from grader.checks.measuring.cheapest_pairs import cheapest_columns

SHAPES = st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.integers(n, 15)))


@given(SHAPES.flatmap(lambda shape: arrays(np.float64, shape, elements=st.floats(0, 1e6))))
def test_it_costs_no_more_than_the_oracle_s(costs: Array) -> None:
    columns = cheapest_columns(costs)
    assert len(set(columns.tolist())) == len(costs)
    best = costs[linear_sum_assignment(costs)].sum()
    assert np.isclose(costs[np.arange(len(costs)), columns].sum(), best, rtol=1e-9, atol=1e-9)


def test_the_pairs_are_those_of_the_oracle_where_no_two_are_equal() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        rows = int(rng.integers(1, 19))
        costs = rng.exponential(1.0, (rows, rows + int(rng.integers(0, 3)))) ** 2
        assert cheapest_columns(costs).tolist() == linear_sum_assignment(costs)[1].tolist()
