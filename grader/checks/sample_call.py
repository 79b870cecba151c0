"""What can be said of one call of ``sample`` before any of its steps is measured.

The labels that the network was given, the noise that the reverse process started from, and
``x_i_store``, which is returned beside the images.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from grader.checks.arguments import coding_of, distinct, extra_arguments, labels_of
from grader.checks.cases import Array
from grader.checks.forward_process import independence_ratio, kurtosis, same_in_all_pixels
from grader.checks.reverse_process import constant_t_problem
from grader.sandbox import Outcome

ALIKE = 0.3  # correlation; frames may be clipped, scaled or turned into bytes
FEWEST = 10  # images in a frame of x_i_store: one of each class


def runs_backward(likeness: Sequence[tuple[float, int]] | None) -> bool:
    """Whether each frame is like an x_t from before that of the frame before it."""
    steps = [step for alike, step in likeness or () if alike >= ALIKE]
    return len(steps) > 2 and bool(np.all(np.diff(steps) < 0))


def first_problem(outcome: Outcome) -> str | None:
    """A sentence on what is wrong before any step is looked at."""
    arrays = outcome.arrays
    in_one = in_one_vector(arrays)
    problem = None if in_one else constant_t_problem(outcome)
    if problem is None and not np.all(np.isfinite(arrays["result"])):
        problem = "The images that sample returns hold values that are not numbers."
    problem = problem or (None if in_one else labels_problem(arrays))
    return problem or start_problem(arrays)


def in_one_vector(arrays: Mapping[str, Any]) -> bool:
    """Whether an argument is another vector for each of the ten columns, and for each step."""
    n_sample, calls = len(arrays["result"]), len(arrays["batch"])
    for argument in extra_arguments(arrays):
        first = argument[:n_sample]
        columns = len(distinct(first))
        if argument.shape[1] > 1 and columns == FEWEST and len(distinct(argument)) > calls:
            return np.array_equal(first, np.resize(first[:FEWEST], first.shape))
    return False


def store_problem(outcome: Outcome, n_sample: int) -> str | None:
    """A sentence unless x_i_store holds images of several moments of the reverse process."""
    store = outcome.facts["store"]
    if not store["readable"]:
        return None  # frames of several sizes, say: something was kept
    if not store["frames"]:
        return "x_i_store is empty: no intermediate image was kept."
    images = np.prod(store["shape"][1:]) / 784
    if images < FEWEST and store["frames"] % n_sample:  # else the frames stand in one long row
        return "The frames of x_i_store do not hold the batch of images."
    if store["frames"] > 1 and store["different"] == 1:
        return "All frames of x_i_store are the same; keep a copy of x_t at each of them."
    likeness = store["likeness"]
    if likeness is not None and max(alike for alike, _ in likeness) < ALIKE:
        return "No frame of x_i_store is like the x_t of any step."
    return None


def labels_problem(arrays: Mapping[str, Any]) -> str | None:
    """A sentence unless at every step one call was given the classes 0..9 in turn, as labels or by
    what stands for them in training."""
    batch, step = np.asarray(arrays["batch"]), np.asarray(arrays["step"])
    n_sample = len(arrays["result"])
    starts = np.concatenate([[0], np.cumsum(batch)])
    for labels, codes in coded_arguments(arrays):
        expected = np.resize(codes, (n_sample, *codes.shape[1:]))
        told = {
            int(step[call])
            for call in range(len(batch))
            for row in range(starts[call], starts[call + 1] - n_sample + 1, n_sample)
            if np.array_equal(labels[row : row + n_sample], expected)
        }
        if len(told) == len(np.unique(step)):
            return None
    return "The network is not given the class labels 0 to 9 for its ten columns."


def coded_arguments(arrays: Mapping[str, Any]) -> Iterator[tuple[Array, Array]]:
    """Each argument that may be the classes, and what stands for 0..9 in it."""
    trained = extra_arguments(arrays, "trained/")
    codings = [coding_of(argument, np.asarray(arrays["trained_c"])) for argument in trained]
    for argument in extra_arguments(arrays):
        for codes in codings:
            if codes is not None and codes.shape[1] == argument.shape[1]:
                yield argument, codes
        if not trained and (labels := labels_of(argument)) is not None:
            yield labels, np.arange(10)


def sorted_at_the_end(arrays: Mapping[str, Any]) -> bool:
    """Whether the images come back in the order 0..9 though the labels had another one."""
    result, n_sample = arrays["result"], len(arrays["result"])
    last = f"target/{int(np.max(arrays['step']))}"
    if last not in arrays or not np.all(np.isfinite(result)):
        return False
    target = np.asarray(arrays[last], dtype=np.float64)
    likeness = (result - result.mean()) @ (target - target.mean()).T
    origin = np.argmax(likeness, axis=1)  # which of the network's images each returned one is
    if len(np.unique(origin)) < n_sample or np.array_equal(origin, np.arange(n_sample)):
        return False
    told = [labels_of(argument) for argument in extra_arguments(arrays)]
    wanted = np.arange(n_sample) % 10
    return any(
        labels is not None and np.array_equal(labels[-n_sample:][origin], wanted) for labels in told
    )


def start_problem(arrays: Mapping[str, Any]) -> str | None:
    """A sentence unless the first x_t is standard normal noise."""
    start = np.asarray(arrays.get("state/0"), dtype=np.float64)
    if start.ndim != 2:
        return "The reverse process does not start from a batch of images."
    if abs(start.mean()) > 0.05 or abs(start.std() - 1) > 0.05 or abs(kurtosis(start) - 3) > 0.5:
        return "The reverse process does not start from standard normal noise."
    if independence_ratio(start, axis=0) > 2 or same_in_all_pixels(start):
        return "The reverse process starts from the same noise for several images or pixels."
    return None
