"""Part of the probe ``diffusion``: the notebook's own ContextUnet, small, called as DDPM calls it.

It says in which form answers come back, and whether code that a network of ours puts up with runs
in the notebook.
"""

import contextlib
import copy
import random
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.calls import (
        N_FEAT,
        OURS,
        Network,
        batch_size_of,
        is_picture,
        leaves_of,
        names_of,
        signature_of,
    )
    from grader.probes.entries import fields_of

WHOLE = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
WIDTHS = (N_FEAT, 16, 32, 64, 128, 256, 512)  # some numbers in it may be fixed
MOST_WEIGHTS = 20_000_000  # more would take minutes
MOST_FORMS = 12  # in which it is called
DRAWS = 30  # of a batch of ten: one label in fifty that is dropped is noticed; of two, one in ten


class OwnNetwork:
    """Made when it is first needed. ``facts``: ``forms``, the calls that it took and answered by
    one tensor like the images; ``own_error`` for the first that it did not take; ``own_missing``,
    why it could not be tried at all; ``by_chance``, whether it answers one question differently
    though it is not in training mode. ``inputs``: ``forms`` that other probes found, ``n_feat``
    that the notebook has."""

    def __init__(self, namespace: Any, inputs: Any) -> None:
        self.cls = namespace.get("ContextUnet")
        self.signature = signature_of(self.cls)
        self.names = names_of(self.signature)
        self.known_forms: dict[Any, Any] = {}
        self.made: dict[int, Any] = {}
        self.width = N_FEAT  # that took a call
        self.widths = [N_FEAT, *([inputs["n_feat"]] if inputs["n_feat"] else []), *WIDTHS]
        self.plain = set(inputs.get("forms", ()))
        self.outputs: dict[Any, Any] = {}
        self.facts: dict[str, Any] = {"forms": []}

    def module(self, width: Any = None) -> Any:
        """It, of some width; None where it cannot be made. An error says why."""
        width = width or self.width
        if width not in self.made:
            self.made[width] = self.make(width)
        return self.made[width]

    def make(self, width: Any) -> Any:
        if not isinstance(self.cls, type):
            self.facts["own_missing"] = "there is no class ContextUnet"
            return None
        try:
            own = self.cls(in_channels=1, n_feat=width, n_classes=10)
        except TypeError:
            try:
                own = self.cls(1, width, 10)
            except Exception as error:
                return self.not_made(error)
        except Exception as error:
            return self.not_made(error)
        if not isinstance(own, nn.Module):
            return self.not_made(TypeError("it is no nn.Module"))
        if sum(weight.numel() for weight in weights_of(own)) > MOST_WEIGHTS:
            return self.not_made(ValueError("it has too many weights to be tried"))
        without_zeros(own)
        return own

    def not_made(self, error: Any) -> Any:
        self.facts["own_missing"] = f"{type(error).__name__}: {error}"[:300]

    def leaves(self, network: Any, args: Any, kwargs: Any) -> Any:
        """The tensors that a call hands over, by the names that ContextUnet's own ``forward`` has
        for them; by position where it has none."""
        if len(args) == len(self.names) and not kwargs:  # as it is called most often
            given = dict(zip(self.names, args, strict=True))
            return [leaf for name, value in given.items() for leaf in leaves_of(name, value)]
        given = {str(place): value for place, value in enumerate(args)} | kwargs
        if self.signature is not None:
            try:
                given = dict(self.signature.bind(network, *args, **kwargs).arguments)
                given.pop(next(iter(given)))  # the network itself
            except TypeError:
                pass
        return [leaf for name, value in given.items() for leaf in leaves_of(name, value)]

    def form_of(self, leaves: Any) -> Any:
        """How it is called: names, kinds and shapes of what it is given, but for the batch, and
        whether numbers are no digits."""
        key = tuple(
            (name, t if t is None else (t.dtype, t.shape[1:], has_no_digits(t)))
            for name, t in leaves
        )
        if key not in self.known_forms:
            self.known_forms[key] = form_of(leaves)
        return self.known_forms[key]

    def called_with(self, own: Any, network: Any, args: Any, kwargs: Any, new: Any) -> Any:
        """The same call of a network, with other tensors under some names."""
        if self.signature is not None:
            bound = self.signature.bind(network, *args, **kwargs)
            for name in list(bound.arguments)[1:]:
                bound.arguments[name] = with_leaves(name, bound.arguments[name], new)
            return own(*copied(bound.args[1:]), **copied(bound.kwargs))
        places = tuple(with_leaves(str(i), value, new) for i, value in enumerate(args))
        named = {name: with_leaves(name, value, new) for name, value in kwargs.items()}
        return own(*copied(places), **copied(named))

    def output(self, network: Any, args: Any, kwargs: Any, leaves: Any) -> Any:
        """What it answers to this call; None for one tensor in the shape of the images, or where
        that cannot be said."""
        with OURS():
            mode = "training" if network.training else "sampling"
            form = f"{mode} {self.form_of(leaves)}"
        if form in self.plain or len(self.outputs) >= MOST_FORMS:
            return None
        image = next(tensor for _, tensor in leaves if is_picture(tensor))
        size = batch_size_of(image)
        if (form, size) not in self.outputs:
            output = self.answer_to_few(network, args, kwargs, leaves, size)
            if output is None:
                output = self.tried(network, args, kwargs)
            self.outputs[form, size] = output
            if output is None or (isinstance(output, torch.Tensor) and output.shape == image.shape):
                self.plain.add(form)
                if output is not None:
                    self.facts["forms"].append(form)
                return None
        return self.outputs[form, size]

    def answer_to_few(self, network: Any, args: Any, kwargs: Any, leaves: Any, size: Any) -> Any:
        """The images that it is called with, if it takes a few of them and answers by one tensor in
        their shape, which is most often all there is to know; else None."""
        own, rows = self.module(), telling_rows(leaves, size)
        few = {n: t[rows] for n, t in leaves if t is not None and t.dim() and len(t) == size}
        if own is None:
            return None
        with contextlib.suppress(Exception), torch.no_grad(), without_compiler():
            ask = partial(self.called_with, own.train(network.training), network, args, kwargs, few)
            before = generators()
            output = ask()
            if not network.training and generators() != before:
                by_chance = any(not alike(ask(), output) for _ in range(DRAWS))
                self.facts["by_chance"] = by_chance or self.facts.get("by_chance", False)
            image = next(tensor for _, tensor in leaves if is_picture(tensor))
            if isinstance(output, torch.Tensor) and output.shape == image[rows].shape:
                return image
        return None

    def tried(self, network: Any, args: Any, kwargs: Any) -> Any:
        """The call, made to the own network; of the widths the first that takes it. None where none
        does."""
        first: Any = None
        for width in dict.fromkeys((self.width, *self.widths)):
            own = self.module(width)
            if own is None:
                continue
            try:
                with torch.no_grad():
                    output = own.train(network.training)(*copied(args), **copied(kwargs))
            except Exception as error:
                if first is not None and str(error) == str(first):
                    break  # its width has nothing to do with it
                first = first or error
                continue
            self.width = width
            return output
        if first is not None and "own_error" not in self.facts:
            self.facts["own_error"] = f"{type(first).__name__}: {first}"[:1000]
            self.facts["own_shape"] = network.shape or None
        return None


def is_whole(tensor: Any) -> Any:
    """Whether it holds whole numbers, as of classes and time steps."""
    return tensor is not None and tensor.numel() > 0 and tensor.dtype in WHOLE


def has_no_digits(tensor: Any) -> Any:
    """Whether some of its whole numbers are not 0 to 9: a table of classes may not have them."""
    return is_whole(tensor) and bool(tensor.min() < 0 or tensor.max() > 9)


def telling_rows(leaves: Any, size: Any) -> Any:
    """Which images of a batch to try: those with the least and the largest whole numbers, and two
    where there are none."""
    rows = set(range(min(size, 2)))
    whole = [t for _, t in leaves if is_whole(t) and t.dim() and len(t) == size]
    if whole:
        firsts = [t.reshape(size, -1)[:, 0] for t in whole]
        rows = {int(place) for t in firsts for place in (t.argmin(), t.argmax())} | {0}
    return sorted(rows)


def generators() -> Any:
    """The state of all that is drawn from, which tells whether something was."""
    legacy: Any = np.random.get_state()
    words, place = legacy[1:3]
    return random.getstate(), words.tobytes(), place, torch.get_rng_state().numpy().tobytes()


def alike(answer: Any, other: Any) -> Any:
    """Whether two answers are the same, in all tensors that they hold."""
    pairs = zip(leaves_of("", answer), leaves_of("", other), strict=True)
    return all(one is two or torch.equal(one, two) for (_, one), (_, two) in pairs)


def weights_of(own: Any) -> Any:
    """Its parameters, but for those of lazy layers, which have no size before the first call."""
    return [weight for weight in own.parameters() if not nn.parameter.is_lazy(weight)]


def without_zeros(own: Any) -> Any:
    """Layers that start at 0, as some do on purpose, would make all answers alike."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in weights_of(own):
            if weight.is_floating_point() and weight.numel() and not weight.any():
                weight.normal_(0, 0.1, generator=generator)


def recording(namespace: Any, answer: Any, inputs: Any) -> Any:
    """The network that records; the student's own is made only where it is needed."""
    cls = namespace.get("ContextUnet")
    kind: Any = Network
    if isinstance(cls, type) and issubclass(cls, nn.Module) and cls is not nn.Module:
        with contextlib.suppress(TypeError):  # a class that cannot be inherited from
            kind = type(cls.__name__, (Network, cls), {"__module__": cls.__module__})
    return kind(answer, OwnNetwork(namespace, inputs))


@contextlib.contextmanager
def without_compiler() -> Any:
    """oneDNN compiles a kernel for each shape, which takes longer than one call without it."""
    enabled = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(False)
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(enabled)


def with_leaves(name: Any, value: Any, new: Any) -> Any:
    """An argument with other tensors in it, by the names of ``leaves_of``."""
    if name in new:
        tensor = new[name]
        return tensor if isinstance(value, torch.Tensor) else type(value)(tensor.item())
    if not any(key.startswith(f"{name}.") for key in new):
        return value
    if isinstance(value, dict):
        return {key: with_leaves(f"{name}.{key}", part, new) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        parts = [with_leaves(f"{name}.{i}", part, new) for i, part in enumerate(value)]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    held = copy.copy(value)
    for key, part in (fields_of(value) or {}).items():
        object.__setattr__(held, key, with_leaves(f"{name}.{key}", part, new))
    return held


def form_of(leaves: Any) -> Any:
    """The same in words."""
    parts = []
    for name, tensor in leaves:
        kind = "None" if tensor is None else f"{tensor.dtype}{list(tensor.shape[1:])}"
        kind += " no digits" if has_no_digits(tensor) else ""
        parts.append(f"{name}:{kind}")
    return " ".join(parts)


def copied(value: Any) -> Any:
    """Tensors of their own, as a network may change what it is given in place."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: copied(part) for key, part in value.items()}
    return tuple(copied(part) for part in value) if type(value) is tuple else value
