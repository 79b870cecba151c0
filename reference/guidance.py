"""Classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598) inside the network alone.

Loss and sampler stay those of the assignment: they ask the network, and need not know.
"""

import torch

from reference.unet import ContextUnet

DROPPED = 0.15  # part of the training images whose class is withheld


class GuidedUnet(ContextUnet):
    """In training, some images lose their class; afterwards, answers are pushed towards it.

    ``guidance`` w: the answer is (1 + w) f(x, c, t) - w f(x, no class, t) (eq. 6 there); 0 leaves
    f(x, c, t). "No class" is one class more than ``n_classes``.
    """

    def __init__(
        self, in_channels: int, n_feat: int = 256, n_classes: int = 10, guidance: float = 1.0
    ) -> None:
        super().__init__(in_channels, n_feat, n_classes + 1)
        self.no_class = n_classes
        self.guidance = guidance

    def forward(self, x: torch.Tensor, c: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """As ``ContextUnet.forward``; ``c`` holds labels 0..n_classes-1."""
        unknown = torch.full_like(c, self.no_class)
        if self.training:
            dropped = torch.rand(c.shape, device=c.device) < DROPPED
            return super().forward(x, torch.where(dropped, unknown, c), t)
        asked = super().forward(x, c, t)
        return asked + self.guidance * (asked - super().forward(x, unknown, t))
