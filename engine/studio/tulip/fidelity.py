"""How like the renderer's a picture is: noise, edges, stripes, and where each layer lies."""

import numpy as np
from numpy.typing import NDArray

from engine.generator.tulip.factors import NAMES, factors_of
from engine.generator.tulip.maps import LAYERS
from engine.studio.figures import Bar
from engine.studio.tulip import metrics
from engine.studio.tulip.painters import Scene

Values = dict[tuple[str, str], float]  # by what was measured, and of what

PSNR, EDGES, STRIPES, MATCH, IOU = "PSNR", "edge energy", "stripe contrast", "stripe correlation", "mask IoU"
FIFTHS = 5  # bins of the stripes' factor
STRIPED = 0.2  # from where on there are flames to compare

BARS: dict[tuple[str, str], Bar] = {
    (PSNR, "128 px"): Bar(low=30.0),
    (PSNR, "128 px, petals"): Bar(low=26.0),
    (PSNR, "256 px"): Bar(low=29.5),
    (EDGES, "128 px"): Bar(0.88, 1.05),
    (EDGES, "256 px"): Bar(0.88, 1.05),
    **{(STRIPES, f"fifth {i + 1}"): Bar(0.90, 1.10) for i in range(FIFTHS)},
    (MATCH, ""): Bar(low=0.97),
    **{(IOU, name): Bar(low=0.87) for name in LAYERS if name.startswith("petal")},
    **{(IOU, name): Bar(low=0.93) for name in ("stem", "leaf")},
    **{(IOU, name): Bar(low=0.75) for name in ("anther", "filament")},
}


def fidelity(drawn: Scene, truth: Scene, x: NDArray[np.floating]) -> Values:
    """Of pictures with 128 pixels a side.

    PSNR is the mean over pictures of each one's, in dB; edge energy the mean ratio of `metrics.edge_ratio`; stripe
    contrast, for each fifth of the factor, the sum of the pictures' contrasts over that of the renderer's;
    the correlation of stripes is the mean over pictures that have any.
    """
    count = len(drawn.pictures)
    truth = truth.first(count)
    inside = metrics.inside(truth.layers)
    bands = [metrics.stripe_band(scene.pictures) for scene in (drawn, truth)]
    mine, theirs = (metrics.contrast(band, inside).double().numpy() for band in bands)
    alike = metrics.correlation(bands[0], bands[1], inside).numpy()
    stripes = factors_of(np.asarray(x[:count]))[:, NAMES.index("stripes")]
    fifth = np.minimum((stripes * FIFTHS).astype(int), FIFTHS - 1)
    values = at_size(drawn, truth)
    for number in range(FIFTHS):
        chosen = fifth == number
        values[STRIPES, f"fifth {number + 1}"] = _ratio(mine[chosen].sum(), theirs[chosen].sum())
    striped = alike[stripes >= STRIPED]
    values[MATCH, ""] = float(striped.mean()) if len(striped) else float("nan")
    return values | {(IOU, name): value for name, value in metrics.iou(drawn.layers, truth.layers).items()}


def at_size(drawn: Scene, truth: Scene) -> Values:
    """PSNR and edges, of pictures of any one size."""
    truth = truth.first(len(drawn.pictures))
    size = f"{drawn.pictures.shape[-1]} px"
    petals = metrics.petals(truth.layers)
    return {
        (PSNR, size): float(metrics.psnr_db(drawn.pictures, truth.pictures).mean()),
        (PSNR, f"{size}, petals"): float(metrics.psnr_db(drawn.pictures, truth.pictures, petals).nanmean()),
        (EDGES, size): float(metrics.edge_ratio(drawn.pictures, truth.pictures, truth.layers).nanmean()),
    }


def _ratio(a: float, b: float) -> float:
    return float(a / b) if b > 0 else float("nan")
