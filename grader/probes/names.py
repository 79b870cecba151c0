"""The notebook's own hyper-parameters, with the values that a probe asks with: part of two probes.

Code that reads the notebook's global names where arguments were meant works in its notebook, and so
must work here. A name is set only where what stands there is of the kind that the template means by
it: ``T`` may be torchvision.transforms.
"""

import argparse
import dataclasses
import types
from typing import Any

import numpy as np
import torch
from torch import nn

MEANINGS = {
    **dict.fromkeys(("n_t", "t", "timesteps", "time_steps", "num_timesteps"), "n_T"),
    **dict.fromkeys(("n_timesteps", "noise_steps", "diffusion_steps"), "n_T"),
    "betas": "betas",
    **dict.fromkeys(("beta1", "beta_1", "beta_start", "beta_min"), "beta1"),
    **dict.fromkeys(("beta2", "beta_2", "beta_t", "beta_end", "beta_max"), "beta2"),
    **{name: name for name in ("prediction_type", "schedule", "device", "n_classes", "n_feat")},
    "batch_size": "batch_size",
}
"""What a name, in small letters, stands for; the values' own names are the template's."""
GIVEN = ("n_T", "T", "betas", "prediction_type", "schedule", "device", "n_classes")
"""Set even where the notebook leaves them out."""
WORDS = {"prediction_type": ("epsilon", "sample"), "schedule": ("linear", "cosine")}
DEEPEST = 3  # configurations within configurations


def device_of(namespace: Any) -> Any:
    """The CPU, as a string, a torch.device or a number: whatever the notebook's own device is."""
    own = namespace.get("device")
    if own is None:
        own = next((v for v in namespace.values() if isinstance(v, torch.device)), "cpu")
    return of_kind(own, "cpu", "device")


def of_kind(own: Any, value: Any, meaning: Any) -> Any:
    """``value`` as the same kind of thing as the notebook's own; the own where it is no such
    hyper-parameter. None is one that was not filled in."""
    if own is None:
        return value
    if meaning == "device":
        if isinstance(own, torch.device):
            return torch.device(value)
        return value if isinstance(own, str) else own
    if meaning in WORDS:
        return value if isinstance(own, str) and own in WORDS[meaning] else own
    if meaning == "betas":
        return pair_of_kind(own, value)
    if isinstance(own, bool) or not isinstance(own, (int, float, np.number, torch.Tensor)):
        return own
    if isinstance(own, torch.Tensor):
        return own if own.dim() else torch.tensor(value, dtype=own.dtype)
    whole = isinstance(own, (int, np.integer)) or own == int(own)
    return type(own)(value) if whole == isinstance(value, int) else own


def pair_of_kind(own: Any, value: Any) -> Any:
    """beta1 and beta2 in a tuple, a list, an array or a dictionary of two numbers."""
    numbers = list(own.values()) if isinstance(own, dict) else own
    try:
        if len(numbers) != 2 or not all(0 < float(number) < 1 for number in numbers):
            return own
    except (TypeError, ValueError):
        return own
    if isinstance(own, dict):
        return dict(zip(own, value, strict=True))
    if isinstance(own, torch.Tensor):
        return torch.tensor(value, dtype=own.dtype)
    return np.array(value) if isinstance(own, np.ndarray) else type(own)(value)


class Names:
    """Sets the notebook's hyper-parameters for the time of a ``with`` block; ``values`` by the
    template's names, with ``beta1`` and ``beta2`` beside ``betas``."""

    def __init__(self, namespace: Any, values: Any) -> None:
        self.namespace, self.values = namespace, values
        self.steps = namespace.get("n_T")  # a name of the student's may stand for the same number
        self.undo: list[Any] = []

    def __enter__(self) -> Any:
        for name in GIVEN:
            if name not in self.namespace:
                self.put(self.namespace, name, self.values["n_T" if name == "T" else name])
        self.set_within(self.namespace, 0)
        return self

    def __exit__(self, *error: Any) -> None:
        for put, name, had, value in reversed(self.undo):
            put(name, value) if had else self.namespace.pop(name, None)

    def set_within(self, holder: Any, depth: Any) -> Any:
        for name, own in list(holder.items() if isinstance(holder, dict) else vars(holder).items()):
            if not isinstance(name, str) or name.startswith("_") or (not depth and name in HISTORY):
                continue
            meaning = MEANINGS.get(name.lower())
            if meaning is None and is_count(own) and is_count(self.steps) and own == self.steps:
                meaning = "n_T"
            if meaning is not None and meaning in self.values:
                new = of_kind(own, self.values[meaning], meaning)
                if new is not own:
                    self.put(holder, name, new)
            elif depth < DEEPEST and is_configuration(own):
                self.set_within(own, depth + 1)

    def put(self, holder: Any, name: Any, value: Any) -> Any:
        if isinstance(holder, dict):
            self.undo.append((holder.__setitem__, name, name in holder, holder.get(name)))
            holder[name] = value
        else:
            put = setattr if isinstance(holder, type) else object.__setattr__  # it may be frozen
            own = vars(holder)[name]
            self.undo.append((lambda n, v: put(holder, n, v), name, True, own))
            put(holder, name, value)


HISTORY = ("In", "Out")  # IPython's
TABLES = (torch.Tensor, np.ndarray, nn.Module)  # what was computed by the hyper-parameters already


def is_count(value: Any) -> Any:
    return isinstance(value, int) and not isinstance(value, bool) and value > 1


def is_configuration(value: Any) -> Any:
    """Whether hyper-parameters may lie in it: a dictionary, a namespace, a record, a class."""
    if isinstance(value, (dict, types.SimpleNamespace, argparse.Namespace)):
        return True
    kind = value if isinstance(value, type) else type(value)
    if kind.__module__ != "__main__" or issubclass(kind, nn.Module):
        return False
    values = vars(value).values() if hasattr(value, "__dict__") else ()
    return dataclasses.is_dataclass(kind) or not any(isinstance(v, TABLES) for v in values)
