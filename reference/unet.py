"""The denoising network: a small U-Net that knows the time step and the digit's class."""

from typing import cast

import torch
import torch.nn.functional as F
from torch import nn

MAX_GROUPS = 8


class ConditionedBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut; the condition scales and shifts between them.

    (B, in_channels, H, W) and a condition (B, emb) -> (B, out_channels, H, W).
    """

    def __init__(self, in_channels: int, out_channels: int, emb: int) -> None:
        super().__init__()
        # group norm, not batch norm: the same in training and in sampling, nothing to average
        groups = MAX_GROUPS if out_channels % MAX_GROUPS == 0 else 1
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm1 = nn.GroupNorm(groups, out_channels)
        self.condition = nn.Linear(emb, 2 * out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.norm2 = nn.GroupNorm(groups, out_channels)
        self.shortcut = (
            nn.Identity()
            if in_channels == out_channels
            else nn.Conv2d(in_channels, out_channels, 1)
        )

    def forward(self, x: torch.Tensor, emb: torch.Tensor) -> torch.Tensor:
        scale, shift = self.condition(emb)[:, :, None, None].chunk(2, dim=1)
        h = self.norm1(self.conv1(x)) * (1 + scale) + shift
        h = self.norm2(self.conv2(F.silu(h)))
        return F.silu(h) + cast(torch.Tensor, self.shortcut(x))


class ContextUnet(nn.Module):
    """Predicts noise or image from a noisy image, its time step and its class.

    Two stages down (H -> H/2 -> H/4) and two up, with a skip connection on either resolution.
    H and W must be multiples of 4, as MNIST's 28 is. With ``n_feat`` = 128: 6.5 million weights.
    """

    def __init__(self, in_channels: int, n_feat: int = 256, n_classes: int = 10) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.n_feat = n_feat
        self.n_classes = n_classes
        wide = 2 * n_feat

        self.time_mlp = nn.Sequential(
            nn.Linear(33, n_feat), nn.SiLU(), nn.Linear(n_feat, n_feat)
        )  # 33: see time_features
        self.class_mlp = nn.Sequential(
            nn.Linear(n_classes, n_feat), nn.SiLU(), nn.Linear(n_feat, n_feat)
        )

        self.stem = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.down1 = nn.Conv2d(n_feat, n_feat, 2, stride=2)
        self.block1 = ConditionedBlock(n_feat, wide, n_feat)
        self.down2 = nn.Conv2d(wide, wide, 2, stride=2)
        self.middle1 = ConditionedBlock(wide, wide, n_feat)
        self.middle2 = ConditionedBlock(wide, wide, n_feat)
        self.up1 = nn.ConvTranspose2d(wide, wide, 2, stride=2)
        self.block2 = ConditionedBlock(2 * wide, wide, n_feat)
        self.up2 = nn.ConvTranspose2d(wide, n_feat, 2, stride=2)
        self.head = nn.Sequential(
            nn.Conv2d(2 * n_feat, n_feat, 3, padding=1),
            nn.GroupNorm(MAX_GROUPS if n_feat % MAX_GROUPS == 0 else 1, n_feat),
            nn.SiLU(),
            nn.Conv2d(n_feat, in_channels, 3, padding=1),
        )

    @staticmethod
    def time_features(t: torch.Tensor) -> torch.Tensor:
        """t, and sine and cosine of t at 16 rates from 1 to 100: (B, 1) -> (B, 33).

        A scalar alone changes too little from step to step for the MLP to tell steps apart.
        """
        angles = t * torch.logspace(0, 2, 16, device=t.device, dtype=t.dtype)
        return torch.cat([t, angles.sin(), angles.cos()], dim=1)

    def forward(self, x: torch.Tensor, c: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """One prediction for each noisy image.

        x: (B, in_channels, H, W). c: (B,) labels 0..n_classes-1. t: B values of t / T in [0, 1),
        of any shape. Returns (B, in_channels, H, W).
        """
        one_hot = F.one_hot(c.long(), self.n_classes).to(x.dtype)  # (B, n_classes)
        time = self.time_features(t.to(x.dtype).reshape(-1, 1))
        emb = F.silu(self.time_mlp(time) + self.class_mlp(one_hot))  # (B, n_feat)

        full = self.stem(x)  # (B, n_feat, H, W)
        half = self.block1(self.down1(full), emb)  # (B, 2 n_feat, H/2, W/2)
        h = self.middle1(self.down2(half), emb)  # (B, 2 n_feat, H/4, W/4)
        h = self.up1(self.middle2(h, emb))
        h = self.block2(torch.cat([h, half], dim=1), emb)  # (B, 2 n_feat, H/2, W/2)
        h = self.up2(h)  # (B, n_feat, H, W)
        return cast(torch.Tensor, self.head(torch.cat([h, full], dim=1)))
