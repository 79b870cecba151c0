"""Trained networks of any width: the reference's, with each of its channels repeated."""

import torch
from torch import nn

from reference.unet import MAX_GROUPS, ContextUnet
from reference.weights import load

TWO_PARTS = "head.0.weight"  # whose input is twice n_feat channels, and no wide layer's
NOISE = 1e-3  # of each weight


@torch.no_grad()
def widened(setting: str, n_feat: int, seed: int = 0) -> ContextUnet:
    """About as well trained as the reference's network of ``setting``, and ``n_feat`` wide, a
    multiple of 8 from 24 on. A channel's copies stay in its group of the norms. A little noise
    makes them pack no better than weights that were trained; another ``seed``, other weights."""
    small = load(setting).nn_model
    wide = ContextUnet(1, n_feat)
    state = small.state_dict()
    random = torch.Generator().manual_seed(1000 * seed + n_feat)
    state["class_mlp.0.weight"] = state["class_mlp.0.weight"][:, : wide.n_classes]  # no guidance
    for name, weight in wide.state_dict().items():
        value = state[name]
        turned = isinstance(wide.get_submodule(name.rpartition(".")[0]), nn.ConvTranspose2d)
        inside = 0 if turned else 1
        for axis in range(min(value.dim(), 2)):
            halves = name == TWO_PARTS and axis == inside
            chosen = repeated(value.shape[axis], small.n_feat, n_feat, halves)
            times = torch.bincount(chosen)[chosen].to(value.dtype)
            value = value.index_select(axis, chosen)
            if axis == inside:  # the copies' shares add up to what the one gave
                value = value / times.reshape(-1, *[1] * (value.dim() - 1 - axis))
        if value.is_floating_point():
            value = value * (1 + NOISE * torch.randn(value.shape, generator=random))
        weight.copy_(value)
    return wide.eval()


def repeated(size: int, old: int, new: int, halves: bool) -> torch.Tensor:
    """Of each channel of the new network the old one that it repeats."""
    if size in (old, 2 * old) and not halves:
        return in_groups(size, size * new // old)
    if size in (2 * old, 4 * old):
        part = in_groups(size // 2, size // 2 * new // old)
        return torch.cat([part, part + size // 2])
    return torch.arange(size)


def in_groups(old: int, new: int) -> torch.Tensor:
    inside = torch.arange(new // MAX_GROUPS) * old // new
    return torch.cat([group * (old // MAX_GROUPS) + inside for group in range(MAX_GROUPS)])
