"""Make the bank of the show `vocabulary`: words of the tulip, from directions that a describer put into words.

The describer is no person, and is told so in the show's folder: it knows the tulip's true factors, names the one or two
that a direction changes most, in plain words with synonyms, and errs in one word of ten. Three of them describe 240
directions. The words are then learned from their sheet alone, as from any, by `latenz learn vocabulary`.

    python scripts/vocabulary_show.py     writes descriptions.csv and words.safetensors into presets/vocabulary,
                                          and a picture of twelve words, docs/img/vocabulary_words.jpg
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from engine.generator.catalog import model_directions
from engine.generator.tulip.factors import NAMES
from engine.latent.directions import Direction, Directions
from engine.studio.learn.bank import keep
from engine.studio.learn.subject import Subject
from engine.studio.learn.vocabulary.answers import write_answers
from engine.studio.learn.vocabulary.learn import Wanted, learn_words
from engine.studio.learn.vocabulary.simulated import described
from engine.studio.learn.vocabulary.told import lines

ROOT = Path(__file__).parent.parent
FOLDER, PICTURE = ROOT / "presets" / "vocabulary", ROOT / "docs" / "img" / "vocabulary_words.jpg"
DIRECTIONS, SEED = 240, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=FOLDER, metavar="FOLDER")
    parser.add_argument("--picture", type=Path, default=PICTURE, metavar="JPG")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    args = parser.parse_args()
    rows = np.array([d.vector for d in model_directions("tulip")])
    numbers = np.random.default_rng(SEED)
    ways = numbers.standard_normal((DIRECTIONS, len(rows)))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    names = [f"way_{i:03}" for i in range(1, DIRECTIONS + 1)]
    table = args.out / "descriptions.csv"
    write_answers(table, described(names, ways, NAMES, SEED))
    subject = Subject("tulip", 96, args.threads)
    with tempfile.TemporaryDirectory() as folder:
        shown = [Direction(name, way @ rows, method="random") for name, way in zip(names, ways, strict=True)]
        bank = keep(Path(folder) / "ways.safetensors", Directions(), shown, subject.info)
        wanted = Wanted((table,), args.out / "wordbook.toml")
        words = Path(folder) / "words.safetensors"
        found, answers = learn_words(subject, bank, words, wanted)
        shutil.copy(words, args.out / words.name)
        with Image.open(words.with_suffix(".png")) as picture:
            picture.convert("RGB").save(args.picture, quality=76)
    for line in lines(found[0], answers):
        print(line)
    for word in found[0].words:
        effects = rows @ (word.vector / np.linalg.norm(word.vector))
        best = np.argsort(-abs(effects))[:2]
        told = ", ".join(f"{NAMES[i]} {effects[i]:+.2f}" for i in best)
        print(f"{word.text:12} {word.directions:3} directions, agreement {word.agreement:.2f}: {told}")


if __name__ == "__main__":
    sys.exit(main())
