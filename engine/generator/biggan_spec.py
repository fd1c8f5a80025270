"""What a BigGAN-deep is as plain data: its blocks, its classes, and its statistics by truncation.

Names and meanings are those of the layout's `config.json`. Brock, Donahue, Simonyan 2018, "Large scale GAN training for
high fidelity natural image synthesis", appendix B (BigGAN-deep).
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.base import Band
from engine.generator.facts import listed, native_only, only, real, same_tensors, shown, thirds, whole
from engine.generator.spec import Shapes, Spec

FIRST = 16  # width of the first block in channel_width, in every published model
NAMES = (
    "output_dim",
    "z_dim",
    "class_embed_dim",
    "channel_width",
    "num_classes",
    "layers",
    "attention_layer_position",
    "eps",
    "n_stats",
    "upstream_exact",
)


@dataclass(frozen=True, slots=True)
class Block:
    """One residual block: whether it doubles the size, and its channels."""

    doubles: bool
    inner: int  # channels in
    outer: int  # channels out: the same, or half

    @property
    def middle(self) -> int:
        """Channels of the bottleneck."""
        return self.inner // 4

    @property
    def widths(self) -> tuple[int, int, int, int]:
        """Channels of its four normalisations."""
        return self.inner, self.middle, self.middle, self.middle

    @property
    def convolutions(self) -> tuple[tuple[int, int, int], ...]:
        """(out, in, kernel) of its four convolutions."""
        return (
            (self.middle, self.inner, 1),
            (self.middle, self.middle, 3),
            (self.middle, self.middle, 3),
            (self.outer, self.middle, 1),
        )


@dataclass(frozen=True, slots=True)
class BigGANSpec(Spec):
    """Sizes of a BigGAN-deep. w is the condition [z, embedding of the class] of the first layer and of each block.

    Each may have its own, so bands of layers can carry different z (Harkonen et al. 2020, GANSpace); the attention
    takes none.

    attention : index of the block that the attention stands before; there is none where no block has this index
    upstream_exact : truncation's statistics as the public code has them, with the two weights of the interpolation
    swapped and its rounding; it is a sawtooth when truncation is played
    """

    family: ClassVar[str] = "biggan"

    z_dim: int
    classes: int
    channel_width: int
    blocks: tuple[Block, ...]
    attention: int
    eps: float
    n_stats: int
    upstream_exact: bool = False
    w_dim: int = field(init=False)
    num_ws: int = field(init=False)
    width: int = field(init=False)
    height: int = field(init=False)

    def __post_init__(self) -> None:
        side = 4 << sum(block.doubles for block in self.blocks)
        for name, value in (
            ("w_dim", 2 * self.z_dim),
            ("num_ws", 1 + len(self.blocks)),
            ("width", side),
            ("height", side),
        ):
            object.__setattr__(self, name, value)

    @property
    def layers(self) -> Iterator[tuple[int, Block | None, int]]:
        """(index in the tensors' names, the block or None for the attention, its channels in), in order."""
        shift = 0
        for i, block in enumerate(self.blocks):
            if i == self.attention:
                yield i, None, block.inner
                shift = 1
            yield i + shift, block, block.inner

    def shapes(self) -> dict[str, tuple[int, ...]]:
        ch = self.channel_width
        shapes: dict[str, tuple[int, ...]] = {
            "embeddings.weight": (self.z_dim, self.classes),
            "generator.gen_z.weight": (16 * FIRST * ch, self.w_dim),
            "generator.gen_z.bias": (16 * FIRST * ch,),
        }
        for i, block, channels in self.layers:
            prefix = f"generator.layers.{i}"
            shapes |= self._attention_shapes(prefix, channels) if block is None else self._block_shapes(prefix, block)
        return shapes | {
            "generator.bn.weight": (ch,),
            "generator.bn.bias": (ch,),
            "generator.bn.running_means": (self.n_stats, ch),
            "generator.bn.running_vars": (self.n_stats, ch),
            "generator.conv_to_rgb.weight": (3, ch, 3, 3),
            "generator.conv_to_rgb.bias": (3,),
        }

    def _block_shapes(self, prefix: str, block: Block) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {}
        for k, (channels, (out, into, kernel)) in enumerate(zip(block.widths, block.convolutions, strict=True)):
            shapes |= {
                f"{prefix}.bn_{k}.running_means": (self.n_stats, channels),
                f"{prefix}.bn_{k}.running_vars": (self.n_stats, channels),
                f"{prefix}.bn_{k}.scale.weight": (channels, self.w_dim),
                f"{prefix}.bn_{k}.offset.weight": (channels, self.w_dim),
                f"{prefix}.conv_{k}.weight": (out, into, kernel, kernel),
                f"{prefix}.conv_{k}.bias": (out,),
            }
        return shapes

    @staticmethod
    def _attention_shapes(prefix: str, channels: int) -> dict[str, tuple[int, ...]]:
        return {
            f"{prefix}.gamma": (1,),
            f"{prefix}.snconv1x1_theta.weight": (channels // 8, channels, 1, 1),
            f"{prefix}.snconv1x1_phi.weight": (channels // 8, channels, 1, 1),
            f"{prefix}.snconv1x1_g.weight": (channels // 2, channels, 1, 1),
            f"{prefix}.snconv1x1_o_conv.weight": (channels, channels // 2, 1, 1),
        }

    def bands(self) -> tuple[Band, ...]:
        """Thirds of the layers. At 128x128: up to 8x8, up to 32x32, and the rest."""
        middle, fine = thirds(self.num_ws)
        return Band("coarse", 0, middle), Band("middle", middle, fine), Band("fine", fine, self.num_ws)

    def gflop(self, width: int, height: int) -> float:
        """Of the whole picture, with the three channels of RGB that are drawn. ModelError for any size but its own."""
        native_only(self, width, height)
        products, side = 16 * FIRST * self.channel_width * self.w_dim, 4
        for _, block, channels in self.layers:
            if block is None:
                products += _attention_products(channels, side)
                continue
            products += 2 * sum(block.widths) * self.w_dim
            for k, (out, into, kernel) in enumerate(block.convolutions):
                side *= 2 if k == 1 and block.doubles else 1  # the size doubles before the first 3x3
                products += out * into * (kernel * side) ** 2
        return 2e-9 * (products + 3 * self.channel_width * (3 * side) ** 2)

    def inputs(self, controls: Mapping[str, float]) -> dict[str, NDArray[np.float32]]:
        """{"rows": (n_stats,)}: how much of each row of the statistics the truncation "psi" takes; they sum to 1.

        psi is held within 0..1; the first row is truncation 0, the last truncation 1.
        """
        truncation = max(0.0, min(1.0, controls.get("psi", 1.0)))
        if self.upstream_exact:
            return {"rows": self._upstream_rows(truncation)}
        place = truncation * (self.n_stats - 1)
        return {"rows": np.maximum(0.0, 1.0 - np.abs(np.arange(self.n_stats) - place)).astype(np.float32)}

    def _upstream_rows(self, truncation: float) -> NDArray[np.float32]:
        """The very operations of the public code, whose rounding decides at 0.28 and 0.58 of 51 rows."""
        fraction, whole_part = math.modf(truncation / (1.0 / (self.n_stats - 1)))
        row, rows = int(whole_part), np.zeros(self.n_stats, np.float32)
        if fraction == 0.0 or row == self.n_stats - 1:  # rounding may lead past the last row: there is none after it
            rows[min(row, self.n_stats - 1)] = 1.0
        else:
            rows[row], rows[row + 1] = fraction, 1.0 - fraction
        return rows

    def layer_of(self, tensor: str) -> int:
        """gen_z is 0, the blocks follow; the attention goes with the block it stands before, the end with the last."""
        place = re.match(r"generator\.layers\.(\d+)\.", tensor)
        if place is None:
            return 0 if tensor.startswith("generator.gen_z.") else self.num_ws - 1
        index = int(place[1])
        return index if index > self.attention else index + 1

    def as_json(self) -> dict[str, Any]:
        ch = self.channel_width
        return {
            "output_dim": self.width,
            "z_dim": self.z_dim,
            "class_embed_dim": self.z_dim,
            "channel_width": ch,
            "num_classes": self.classes,
            "layers": [[block.doubles, block.inner // ch, block.outer // ch] for block in self.blocks],
            "attention_layer_position": self.attention,
            "eps": self.eps,
            "n_stats": self.n_stats,
            "upstream_exact": self.upstream_exact,
        }

    @classmethod
    def of_json(cls, row: Mapping[str, Any]) -> Self:
        only(row, NAMES)
        ch = whole(row, "channel_width", 1, 1024)
        exact = row.get("upstream_exact", False)
        if not isinstance(exact, bool):
            raise ModelError(f"upstream_exact is {shown(exact)}; allowed is true or false")
        spec = cls(
            z_dim=whole(row, "z_dim", 1, 4096),
            classes=whole(row, "num_classes", 1, 65536),
            channel_width=ch,
            blocks=_blocks(listed(row, "layers", 1, 64), ch),
            attention=whole(row, "attention_layer_position", 0, 64),
            eps=real(row, "eps", 1e-12, 1.0),
            n_stats=whole(row, "n_stats", 2, 4096),
            upstream_exact=exact,
        )
        if whole(row, "output_dim", 1, 1 << 20) != spec.width:
            raise ModelError(f"output_dim is {row['output_dim']}, but its layers draw {spec.width}x{spec.height}")
        if any(block is None and channels < 8 for _, block, channels in spec.layers):
            raise ModelError("attention_layer_position names a block of under 8 channels; the attention needs 8")
        return spec

    @classmethod
    def infer(cls, shapes: Shapes, facts: Mapping[str, Any]) -> Self:
        """The sizes that config.json tells, held against every tensor.

        facts : the content of config.json; what it says beside is passed over, `class_embed_dim` too: the class is
        always embedded in z_dim numbers
        """
        try:
            spec = cls.of_json({name: facts[name] for name in NAMES if name in facts})
        except ModelError as error:
            raise ModelError(f"config.json: {error}") from None
        same_tensors(spec, shapes)
        return spec


def _blocks(rows: list[Any], ch: int) -> tuple[Block, ...]:
    """The blocks of config.json's `layers`: [doubles, in, out] in multiples of the channel width."""
    blocks, width, doublings = [], FIRST, 0
    for i, row in enumerate(rows):
        if not (isinstance(row, list) and len(row) == 3 and isinstance(row[0], bool)):
            raise ModelError(f"layers[{i}] is {shown(row)}; allowed is [true or false, channels in, channels out]")
        sizes = {"in": row[1], "out": row[2]}
        into, out = whole(sizes, "in", 1, FIRST), whole(sizes, "out", 1, FIRST)
        if into != width:
            raise ModelError(f"layers[{i}] takes {into} times the channel width, but {width} times come in")
        if out not in (into, into / 2):
            raise ModelError(f"layers[{i}] makes {out} of {into} channels; a block keeps its channels or halves them")
        if into * ch < 4:
            raise ModelError(f"layers[{i}] has {into * ch} channels; a block needs 4 or more")
        blocks.append(Block(row[0], into * ch, out * ch))
        width, doublings = out, doublings + row[0]
    if width != 1:
        raise ModelError(f"layers end at {width} times the channel width; the last must end at 1")
    if doublings > 11:
        raise ModelError(f"layers double the size {doublings} times; allowed are 11, which is 8192x8192")
    return tuple(blocks)


def _attention_products(channels: int, side: int) -> int:
    """Multiplications of the attention at this size: its four convolutions and its two products over positions."""
    pixels, narrow, wide = side * side, channels // 8, channels // 2
    convolutions = pixels * channels * (2 * narrow + 2 * wide)
    return convolutions + pixels * (pixels // 4) * (narrow + wide)
