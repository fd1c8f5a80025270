"""Draws `docs/img/explore_novel.png`: places that are kept, places as they come, and the novel ones."""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from engine.generator.base import ModelInfo
from engine.latent.sequence_file import Facts
from engine.studio.journey.drawing import Drawing, Look
from engine.studio.journey.explore_sheet import COLUMNS, LONGER_PX, Sheet
from engine.studio.journey.novel import novel
from engine.studio.journey.pair import Pair, PairWriter
from engine.studio.journey.strangers import Strangers

KEPT, SHOWN, CANDIDATES = 40, 12, 1000


def main() -> None:
    """Keep the first forty samples, seek twelve beside them, and say how far they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="tulip")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/img/explore_novel.png"))
    args = parser.parse_args()
    drawing = Drawing(Look(args.model, (LONGER_PX, LONGER_PX)))
    with tempfile.TemporaryDirectory() as folder:
        kept = keep(Path(folder), drawing.info, args.seed)
        found = novel(kept, drawing, SHOWN, candidates=CANDIDATES, seed=args.seed)
        random, _ = Strangers(kept, drawing.info, lambda: drawing, args.seed).of(found.random)
        sheet = Sheet(drawing, f"{drawing.info.name}: beside {KEPT} places that are kept")
        sheet.line(f"kept, {2 * COLUMNS} of {KEPT}", kept.rows[: 2 * COLUMNS], None, [str(i) for i in range(KEPT)])
        for name, rows, far in (
            ("as they come", random, found.far_random),
            (f"novel, of {CANDIDATES} candidates", found.rows, found.far),
        ):
            heading = f"{name}: {far.mean():.2f} from what is kept and from each other, the nearest {far.min():.2f}"
            sheet.line(heading, rows, None, [f"{value:.2f}" for value in far])
        sheet.save(args.out)
    with Image.open(args.out) as picture:
        picture.quantize(256).save(args.out, optimize=True)
    drawing.close()


def keep(folder: Path, info: ModelInfo, seed: int) -> Pair:
    """A sequence of samples."""
    with PairWriter(folder / "kept", (info.z_dim,), KEPT, Facts()) as writer:
        writer.write(np.random.RandomState(seed).randn(KEPT, info.z_dim))
        return writer.close()


if __name__ == "__main__":
    main()
