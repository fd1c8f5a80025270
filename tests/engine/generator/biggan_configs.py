"""Configurations of BigGAN-deep: a small one, and the layers of the published 128x128."""

from typing import Any

LAYERS_128 = [[False, 16, 16], [True, 16, 16], [False, 16, 16], [True, 16, 8], [False, 8, 8], [True, 8, 4]]
LAYERS_128 += [[False, 4, 4], [True, 4, 2], [False, 2, 2], [True, 2, 1]]
SMALL: dict[str, Any] = {
    "output_dim": 16,
    "z_dim": 4,
    "class_embed_dim": 4,
    "channel_width": 4,
    "num_classes": 3,
    "layers": [[False, 16, 8], [True, 8, 4], [True, 4, 2], [False, 2, 1]],
    "attention_layer_position": 2,
    "eps": 1e-4,
    "n_stats": 11,
}
