"""What is trained: a mapping from z to w and the trunk, in one module, named as the model file names its tensors."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from engine.generator.tulip import factors
from engine.generator.tulip.trunk import Trunk

Z_DIM, W_DIM = 512, 160
CHANNELS = (160, 160, 128, 80, 48)
LAYOUT = 32
HIDDEN = (256, 256)
PALETTE_HIDDEN = 96


class MappingNet(nn.Module):
    """Gaussian x (n, 19) of the factors -> w (n, w_dim). The twin of `engine.generator.tulip.latent`."""

    basis: Tensor

    def __init__(self, seed: int) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(seed)
        axes, _ = torch.linalg.qr(torch.randn(Z_DIM, Z_DIM, generator=random, dtype=torch.float64))
        self.register_buffer("basis", axes[: factors.COUNT].float())
        widths = (5 * factors.COUNT, *HIDDEN, W_DIM)
        self.layers = len(widths) - 1
        for i in range(self.layers):
            self.add_module(f"fc{i}", nn.Linear(widths[i], widths[i + 1]))

    def forward(self, x: Tensor) -> Tensor:
        p = torch.erf(x / math.sqrt(2))  # uniform in -1..1
        y = torch.cat([p] + [wave(p * (math.pi * k)) for k in (0.5, 1.0) for wave in (torch.sin, torch.cos)], 1)
        for i in range(self.layers):
            y = self.get_submodule(f"fc{i}")(y)
            if i + 1 < self.layers:
                y = nn.functional.leaky_relu(y, 0.2)
        return y


class Student(nn.Module):
    """The whole network: `mapping.*` and `synthesis.*`."""

    def __init__(self, seed: int = 0, channels: Sequence[int] = CHANNELS) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.mapping = MappingNet(seed)
        self.synthesis = Trunk(channels, W_DIM, LAYOUT, PALETTE_HIDDEN)

    def w(self, x: Tensor) -> Tensor:
        """x (n, 19) -> w (n, num_ws, w_dim), the same for all layers."""
        w: Tensor = self.mapping(x)[:, None].expand(-1, self.synthesis.num_ws, -1)
        return w
