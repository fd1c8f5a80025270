"""How StyleGAN3 lays out its layers: which rate, band and size each of them has (Karras et al. 2021, section 3.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import ModelError

Size = tuple[int, int]  # width, height


@dataclass(frozen=True, slots=True)
class Fourier:
    """The features a picture starts from: plane waves on a grid.

    size : the grid, margins included
    sampling_rate : samples of the grid in one picture
    bandwidth : the highest frequency a wave was drawn from, in cycles per picture
    """

    channels: int
    size: Size
    sampling_rate: float
    bandwidth: float


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer; the fields are called as the reference calls its attributes.

    Rates are in samples per picture, cutoffs and half widths in cycles per picture. up_taps, down_taps : of its
    low-pass filters; 1 is none. down_radial : the second one is two-dimensional. use_fp16 : it was trained in float16.
    """

    name: str
    in_channels: int
    out_channels: int
    conv_kernel: int
    in_size: Size
    out_size: Size
    in_sampling_rate: float
    out_sampling_rate: float
    in_cutoff: float
    out_cutoff: float
    in_half_width: float
    out_half_width: float
    up_factor: int
    down_factor: int
    up_taps: int
    down_taps: int
    down_radial: bool = False
    is_torgb: bool = False
    is_critically_sampled: bool = False
    use_fp16: bool = False
    conv_clamp: float | None = 256.0

    @property
    def tmp_sampling_rate(self) -> float:
        """The rate at which it bends its signal."""
        return self.in_sampling_rate * self.up_factor

    @property
    def padding(self) -> tuple[int, int, int, int]:
        """Samples to add around the signal of the higher rate, negative to crop: left, right, top, bottom."""
        found: list[int] = []
        for before, after in zip(self.in_size, self.out_size, strict=True):
            total = (after - 1) * self.down_factor + 1 - (before + self.conv_kernel - 1) * self.up_factor
            total += self.up_taps + self.down_taps - 2
            low = (total + self.up_factor) // 2
            found += [low, total - low]
        return (found[0], found[1], found[2], found[3])

    def check(self) -> None:
        """ModelError when its numbers contradict each other."""
        if self.tmp_sampling_rate != self.out_sampling_rate * self.down_factor:
            raise ModelError(
                f"{self.name}: sampling rate {self.in_sampling_rate:g} up by {self.up_factor} is not "
                f"{self.out_sampling_rate:g} up by {self.down_factor}"
            )
        if max(self.in_cutoff, self.out_cutoff) > self.tmp_sampling_rate / 2:
            raise ModelError(f"{self.name}: a cutoff is above half of its sampling rate, {self.tmp_sampling_rate:g}")
        if self.up_taps < self.up_factor or self.down_taps < self.down_factor:
            raise ModelError(f"{self.name}: it changes its sampling rate without a filter")
        for low, high in (self.padding[:2], self.padding[2:]):
            if low >= self.up_taps or high > self.up_taps - self.up_factor:
                raise ModelError(f"{self.name}: {self.in_size} cannot become {self.out_size}: the filters do not reach")


@dataclass(frozen=True, slots=True)
class Design:
    """The constructor's arguments that decide the layout; the defaults are the published ones."""

    resolution: int
    num_layers: int = 14  # without the last, which only mixes colours
    num_critical: int = 2
    first_cutoff: float = 2.0
    first_stopband: float = 2**2.1
    last_stopband_rel: float = 2**0.3
    margin_size: int = 10
    filter_size: int = 6
    lrelu_upsampling: int = 2
    conv_kernel: int = 3
    use_radial_filters: bool = False
    conv_clamp: float | None = 256.0
    num_fp16_res: int = 4

    @property
    def cutoffs(self) -> list[float]:
        """Of each layer's output, in cycles per picture."""
        return self._geometric(self.first_cutoff, self.resolution / 2)

    @property
    def rates(self) -> list[float]:
        """Samples per picture of each layer's output."""
        doubled = np.minimum(2 * np.array(self._stopbands), self.resolution)
        return [float(rate) for rate in np.exp2(np.ceil(np.log2(doubled)))]

    @property
    def half_widths(self) -> list[float]:
        """Half of the band in which each layer's low-pass falls, in cycles per picture."""
        rows = zip(self._stopbands, self.rates, self.cutoffs, strict=True)
        return [max(stopband, rate / 2) - cutoff for stopband, rate, cutoff in rows]

    @property
    def sizes(self) -> list[int]:
        """Side of each layer's output; the last two have no margin."""
        wide = [int(rate) + 2 * self.margin_size for rate in self.rates]
        return [*wide[:-2], self.resolution, self.resolution]

    def channels(self, base: int, most: int, img_channels: int = 3) -> list[int]:
        """Of each layer's output, from the published rule: fewer where the band is wider."""
        return [int(np.rint(min(base / 2 / cutoff, most))) for cutoff in self.cutoffs[:-1]] + [img_channels]

    def fourier(self, channels: int) -> Fourier:
        """What the first layer takes."""
        return Fourier(channels, (self.sizes[0],) * 2, self.rates[0], self.cutoffs[0])

    def layers(self, inner: int, outer: Sequence[int]) -> tuple[Layer, ...]:
        """All layers, when the first takes `inner` channels and they give `outer`."""
        return tuple(
            self._layer(i, before, after)
            for i, (before, after) in enumerate(zip([inner, *outer[:-1]], outer, strict=True))
        )

    def _layer(self, i: int, inner: int, outer: int) -> Layer:
        before, last = max(i - 1, 0), i == self.num_layers
        critical = i >= self.num_layers - self.num_critical
        rates, sizes, cutoffs, half_widths = self.rates, self.sizes, self.cutoffs, self.half_widths
        bent = max(rates[before], rates[i]) * (1 if last else self.lrelu_upsampling)
        up, down = int(np.rint(bent / rates[before])), int(np.rint(bent / rates[i]))
        return Layer(
            name=f"L{i}_{sizes[i]}_{outer}",
            in_channels=inner,
            out_channels=outer,
            conv_kernel=1 if last else self.conv_kernel,
            in_size=(sizes[before],) * 2,
            out_size=(sizes[i],) * 2,
            in_sampling_rate=rates[before],
            out_sampling_rate=rates[i],
            in_cutoff=cutoffs[before],
            out_cutoff=cutoffs[i],
            in_half_width=half_widths[before],
            out_half_width=half_widths[i],
            up_factor=up,
            down_factor=down,
            up_taps=self.filter_size * up if up > 1 and not last else 1,
            down_taps=self.filter_size * down if down > 1 and not last else 1,
            down_radial=self.use_radial_filters and not critical,
            is_torgb=last,
            is_critically_sampled=critical,
            use_fp16=rates[i] * 2**self.num_fp16_res > self.resolution,
            conv_clamp=self.conv_clamp,
        )

    @property
    def _stopbands(self) -> list[float]:
        return self._geometric(self.first_stopband, self.resolution / 2 * self.last_stopband_rel)

    def _geometric(self, first: float, last: float) -> list[float]:
        """From first to last over the layers that are not critical, then staying there."""
        steps = np.minimum(np.arange(self.num_layers + 1) / (self.num_layers - self.num_critical), 1.0)
        return [float(value) for value in first * (last / first) ** steps]
