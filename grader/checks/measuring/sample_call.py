"""What can be said of one call of ``sample`` before any of its steps is measured.

The noise that the reverse process started from, ``x_i_store``, which is returned beside the images,
and classes in another order.
"""

from collections.abc import Sequence

import numpy as np

from grader.arrays import Array
from grader.checks.answers import SamplingAnswer, Store
from grader.checks.measuring.chain import Chain
from grader.checks.measuring.noise import independence_ratio, kurtosis, same_in_all_pixels
from grader.checks.measuring.slots import CLASSES, labels_of
from grader.messages.message import Message, say

ALIKE = 0.3  # correlation; frames may be clipped, scaled or turned into bytes
FEWEST = 10  # images in a frame of x_i_store: one of each class


def runs_backward(likeness: Sequence[tuple[float, int]] | None) -> bool:
    """Whether each frame is like an x_t from before that of the frame before it."""
    steps = [step for alike, step in likeness or () if alike >= ALIKE]
    return len(steps) > 2 and bool(np.all(np.diff(steps) < 0))


def told_problem(seen: SamplingAnswer) -> Message | None:
    """A message if the network cannot know the step: no argument is the same for the whole batch
    and another one at the next step."""
    slots = [slot for slot in seen.slots.values() if labels_of_ten(slot.rows) is None]
    if not slots:
        return say("sampling.t_not_told")
    if max(slot.count for slot in slots) == 1 and len(np.unique(seen.at[:, 0])) > 1:
        return say("sampling.one_t")
    return None


def labels_of_ten(rows: Array) -> Array | None:
    """Class numbers in the usual order; None if these are none."""
    labels = labels_of(rows)
    usual = labels is not None and np.array_equal(labels[:FEWEST], np.arange(FEWEST))
    return labels if usual else None


def in_one_vector(seen: SamplingAnswer) -> bool:
    """Whether an argument is another vector for each of the ten columns, and for each step."""
    n_sample, calls = len(seen.result), len(seen.batches)
    for slot in seen.slots.values():
        first = slot.ids[:n_sample]
        columns = len(np.unique(first))
        if slot.rows.shape[1] > 1 and columns == FEWEST and slot.count > calls:
            return np.array_equal(first, np.resize(first[:FEWEST], first.shape))
    return False


def store_problem(store: Store, n_sample: int) -> Message | None:
    """A message unless x_i_store holds images of several moments of the reverse process."""
    if not store.readable:
        return None  # frames of several sizes, say: something was kept
    if not store.frames:
        return say("sampling.store_empty")
    images = np.prod(store.shape[1:]) / 784
    if images < FEWEST and store.frames % n_sample:  # else the frames stand in one long row
        return say("sampling.store_without_batch")
    if store.frames > 1 and store.different == 1:
        return say("sampling.store_all_the_same")
    likeness, predicted = store.likeness, store.predicted or 0
    if likeness is not None and max(predicted, *(alike for alike, _ in likeness)) < ALIKE:
        return say("sampling.store_unlike")
    return None


def sorted_at_the_end(chain: Chain) -> bool:
    """Whether the images come back in the order 0..9 though the labels had another one."""
    seen, lasts = chain.seen, [steps[-1] for steps, _ in chain.passes]
    result, n_sample = seen.result, len(seen.result)
    if not all(last in seen.images for last in lasts) or not np.all(np.isfinite(result)):
        return False
    image = np.concatenate([seen.images[last] for last in lasts]).astype(np.float64)
    if len(image) != n_sample:
        return False
    likeness = (result - result.mean()) @ (image - image.mean()).T
    origin = np.argmax(likeness, axis=1)  # which of the network's images each returned one is
    if len(np.unique(origin)) < n_sample or np.array_equal(origin, np.arange(n_sample)):
        return False
    told = [labels_of(slot.rows) for slot in seen.slots.values()]
    at_last = np.isin(seen.at[:, 0], lasts)
    answers = [at_last & (seen.at[:, 2] == variant) for variant in range(chain.answers)]
    wanted = np.arange(n_sample) % CLASSES
    return any(
        labels is not None
        and rows.sum() == n_sample
        and np.array_equal(labels[rows][origin], wanted)
        for labels in told
        for rows in answers
    )


def start_problem(chain: Chain) -> Message | None:
    """A message unless the first x_t is standard normal noise."""
    firsts, states = [steps[0] for steps, _ in chain.passes], chain.seen.states
    start = np.concatenate([states[first] for first in firsts if first in states])
    start = start.astype(np.float64)
    if abs(start.mean()) > 0.05 or abs(start.std() - 1) > 0.05 or abs(kurtosis(start) - 3) > 0.5:
        return say("sampling.start_not_normal")
    if independence_ratio(start, axis=0) > 2 or same_in_all_pixels(start):
        return say("sampling.start_shared")
    return None
