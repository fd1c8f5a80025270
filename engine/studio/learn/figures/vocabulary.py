"""Figures of a vocabulary: planted words found again, words that add up, layers that are spared."""

from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from engine.generator.catalog import model_directions
from engine.latent.directions import Direction, Directions
from engine.paths import data_dir
from engine.studio.figures import Bar, Row
from engine.studio.learn.subject import Subject
from engine.studio.learn.vocabulary.answers import Answer, Answers
from engine.studio.learn.vocabulary.planted import planted
from engine.studio.learn.vocabulary.regress import cosines, regress
from engine.studio.learn.vocabulary.selective import Asked, selective
from engine.studio.learn.vocabulary.simulated import WORDS, described
from engine.studio.learn.vocabulary.vocabulary import Vocabulary, vocabulary
from engine.studio.learn.vocabulary.words import Wordbook
from engine.studio.learn.work import Tell, Work

MODEL = "tulip"
PLANTED, DESCRIBED, SEEDS, DIMS = 20, 200, 10, (20, 64, 512)
DIRECTIONS = 240  # of the tulip, described by three who know its factors and err in one word of ten
MANY = 1_920  # as many as it takes until every pair of words adds up
KEEPS = 0.8
LAYERS, STEPS, SIDE = ("b4", "b16", "palette"), 20, 32

BOOK = data_dir("presets") / "vocabulary" / "wordbook.toml"  # synonyms of the scripted describers, merged by hand

Array = NDArray[np.float64]


def rows(seed: int, threads: int, tell: Tell) -> list[Row]:
    """All of them; those of the tulip with describers and places of this seed."""
    return [*_planted(seed, tell), *_words(seed, tell), *_selective(seed, threads, tell)]


def _planted(seed: int, tell: Tell) -> list[Row]:
    found = []
    for i, dim in enumerate(DIMS):
        tell("planted words", i, len(DIMS))
        means = []
        for turn in range(SEEDS):
            words, bags, directions = planted(PLANTED, DESCRIBED, dim, seed + 1000 * turn)
            means.append(float(cosines(regress(bags, directions).vectors, words).mean()))
        of = f"{PLANTED} words, {DESCRIBED} directions at SNR 1, {dim} dimensions"
        found.append(Row("vocabulary: mean cosine with planted words", of, float(np.mean(means))))
        found.append(Row("vocabulary: the same, worst of ten seeds", of, min(means), Bar(low=0.9)))
    return found


def _words(seed: int, tell: Tell) -> list[Row]:
    """The effect of a word on its factor is known exactly: the factor's row times the word's unit vector."""
    rows, names = np.array([d.vector for d in model_directions(MODEL)]), model_directions(MODEL).names
    out = []
    for turn, count in enumerate((DIRECTIONS, MANY)):
        tell("words of the tulip", turn, 2)
        found = learned(rows, names, seed, count)
        effects = np.array([rows @ (w.vector / np.linalg.norm(w.vector)) for w in found.words])
        own = [_meant(w.text, names) for w in found.words]
        known = [(effect, *meant) for effect, meant in zip(effects, own, strict=True) if meant is not None]
        truth = float(np.mean([effect[factor] * sign for effect, factor, sign in known]))
        kept = [
            min((a[i] + b[i]) / a[i], (a[j] + b[j]) / b[j]) for (a, i, _), (b, j, _) in combinations(known, 2) if i != j
        ]
        of = f"{len(known)} words of {count} directions, three scripted describers"
        pairs = f"the lesser of two, {len(kept)} pairs of words of {count} directions"
        every = Bar(low=KEEPS) if count == MANY else None
        out += [
            Row("vocabulary: mean cosine of a word with the factor it names", of, truth),
            Row("vocabulary: agreement (Krippendorff's alpha)", of, found.agreement),
            Row("vocabulary: two words summed keep of their effect, median", pairs, float(np.median(kept)),
                Bar(low=KEEPS)),
            Row("vocabulary: pairs in which both keep 80 %", pairs, 100 * float(np.mean(np.array(kept) >= KEEPS)),
                unit="%"),
            Row("vocabulary: the pair that keeps least", pairs, min(kept), every),
        ]  # fmt: skip
    return out


def learned(rows: Array, names: tuple[str, ...], seed: int, count: int = DIRECTIONS) -> Vocabulary:
    """Words of directions at random, as scripted describers name them."""
    ways = np.random.default_rng(seed).standard_normal((count, len(rows)))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    ids = [f"way_{i}" for i in range(count)]
    bank = Directions(tuple(Direction(name, way @ rows) for name, way in zip(ids, ways, strict=True)))
    told = described(ids, ways, names, seed)
    answers = Answers(tuple(Answer(row[0], row[2], row[4], "", row[6], "") for row in told))
    return vocabulary(answers, bank, Wordbook.load(BOOK))


def _meant(word: str, names: tuple[str, ...]) -> tuple[int, int] | None:
    """The factor that a word names, and whether it is more or less of it; None for a word that several have."""
    book = Wordbook.load(BOOK)
    meant = {
        (names.index(factor), sign)
        for factor, poles in WORDS.items() for pole, sign in zip(poles, (1, -1), strict=True) for text in pole
        if word in book.words(text)
    }  # fmt: skip
    return meant.pop() if len(meant) == 1 else None


def _selective(seed: int, threads: int, tell: Tell) -> list[Row]:
    subject = Subject(MODEL, SIDE, threads)
    with TemporaryDirectory() as folder:
        work = Work(Path(folder) / "figures.safetensors", {}, tell)
        found = selective(subject, Asked(LAYERS, per_layer=1, steps=STEPS, seed=seed), work)
    vectors = np.array([d.vector for d in found])
    apart = float(np.abs(vectors @ vectors.T - np.eye(len(vectors))).max())
    told = []
    for d in found:
        layer, picture = d.measures["layer_change"], d.measures["picture_change"]
        told.append(
            Row("vocabulary: change of the spared layer", f"{d.name}, 1 is a random direction's", layer, Bar(high=0.5))
        )
        told.append(
            Row("vocabulary: change of the picture", f"{d.name}, 1 is a random direction's", picture, Bar(low=0.25))
        )
    return [*told, Row("vocabulary: largest product of two directions", "unit vectors", apart, Bar(high=1e-5))]
