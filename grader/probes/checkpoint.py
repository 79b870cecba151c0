"""Reads a file of weights: tensors only, and no more of them than fits.

``run(namespace, inputs)`` with inputs::

    path        the file, in here
    most_bytes  of all tensors together

Gives the arrays ``schedule/<name>`` (entries of the schedule, float64) and ``sample`` (some of the
weights, the same places for the same shapes), and facts about the weights. A fact ``problem`` is
the id of a message that says why the file is not read, with its ``values``. Needs a kernel in which
no student's code ran.
"""

import zipfile
from typing import Any

import numpy as np
import torch

SCHEDULE = (
    *("beta_t", "sqrt_beta_t", "alpha_t", "alphabar_t"),
    *("sqrtab", "oneover_sqrta", "sqrtmab", "bt_over_sqrtmab"),
)
SAMPLED = 4096
LONGEST = 100_000  # entries of a schedule
DEEPEST = 4  # dictionaries round a state_dict


class Refused(Exception):
    """The text is the id of a message that says why."""


def run(namespace: Any, inputs: Any) -> Any:
    try:
        return read(inputs["path"], inputs["most_bytes"])
    except Refused as problem:
        return {}, {"problem": str(problem), "values": {}}
    except MemoryError:
        return {}, {"problem": "checkpoint.no_memory", "values": {}}
    except Exception as error:  # torch raises nearly every kind for damaged files
        return {}, {"problem": "checkpoint.damaged", "values": {"error": type(error).__name__}}


def read(path: Any, most_bytes: Any) -> Any:
    check_archive(path, most_bytes)
    found = load(path)
    if not isinstance(found, dict):
        raise Refused("checkpoint.no_state_dict")
    state = tensors_of(found)
    if sum(value.numel() * value.element_size() for value in state.values()) > most_bytes:
        raise Refused("checkpoint.claims_more")
    weights = {name: value for name, value in state.items() if value.is_floating_point()}
    entries = {
        key: value
        for name, value in weights.items()
        if (key := name.split(".")[-1]) in SCHEDULE and value.numel() <= LONGEST
    }
    learned = {name: value for name, value in weights.items() if not beside(name, value, weights)}
    learned = {name: value for name, value in learned.items() if value.dim() > 0 and value.numel()}
    if not learned:
        raise Refused("checkpoint.no_weights")
    arrays = {
        f"schedule/{key}": value.to(torch.float64).reshape(-1) for key, value in entries.items()
    }
    facts = {
        "weights": sum(value.numel() for value in learned.values()),
        "finite": all(finite(value) for value in learned.values()),
    }
    return {**arrays, "sample": sample(learned)}, facts


def beside(name: Any, value: Any, weights: Any) -> Any:
    """Whether this is part of the schedule: one of its entries, or what else the student keeps of
    the same length in the same place. A first entry that is not used may be no finite number."""
    owner, _, last = name.rpartition(".")
    betas = weights.get(f"{owner}.beta_t" if owner else "beta_t")
    return last in SCHEDULE or (betas is not None and betas.numel() == value.numel())


def check_archive(path: Any, most_bytes: Any) -> Any:
    """By the sizes that the archive states itself, before a byte of it is unpacked."""
    if not zipfile.is_zipfile(path):
        raise Refused("checkpoint.other_form")
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if sum(member.file_size for member in members) > most_bytes or len(members) > 20_000:
        raise Refused("checkpoint.unpacks_to_more")
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise Refused("checkpoint.compressed")


def load(path: Any) -> Any:
    """Never unpickles anything but tensors and plain containers."""
    try:
        return torch.load(path, weights_only=True, mmap=True)
    except Exception as error:
        if "weights_only" in str(error).lower() or "unsupported" in str(error).lower():
            raise Refused("checkpoint.more_than_tensors") from None
        raise


def tensors_of(found: Any, within: Any = ()) -> Any:
    """The tensors by name: a state_dict, or the largest one inside a dictionary."""
    states = [{str(k): v for k, v in found.items() if isinstance(v, torch.Tensor)}]
    inner = {id(v): v for v in found.values() if isinstance(v, dict)}
    if len(within) < DEEPEST:
        states += [tensors_of(v, (*within, key)) for key, v in inner.items() if key not in within]
    return max(states, key=lambda state: sum(v.numel() for v in state.values()))


def finite(value: Any) -> Any:
    """Whether all of it is; by its ends, which what is not a number ends up in, without a copy."""
    if value.element_size() == 1:
        value = value.float()  # torch does not compare numbers of 8 bits
    return value.numel() == 0 or bool(torch.isfinite(torch.stack(torch.aminmax(value))).all())


def sample(weights: Any) -> Any:
    """Some of all weights, without a copy of them all."""
    ends = np.cumsum([value.numel() for value in weights.values()])
    places = np.sort(np.random.default_rng(0).integers(0, ends[-1], SAMPLED))
    parts = []
    for value, end in zip(weights.values(), ends, strict=True):
        inside = places[(places >= end - value.numel()) & (places < end)] - (end - value.numel())
        parts.append(value.reshape(-1)[torch.from_numpy(inside)].to(torch.float32))
    return torch.cat(parts)
