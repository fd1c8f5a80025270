"""CLIP scores words by their cosine with pictures: its networks are stood in for, its weights are not shipped."""

import importlib.util

import pytest
import torch
from torch import Tensor

from engine.errors import InputError
from engine.studio.learn.vocabulary.clip_words import clip_score, score_of

COLOURS = {"red": (1.0, 0.0, 0.0), "green": (0.0, 1.0, 0.0), "blue": (0.0, 0.0, 1.0)}


class Colours:
    """Places pictures and words in one space, as a CLIP does: that of their colour."""

    def encode_image(self, image: Tensor) -> Tensor:
        return image.mean((2, 3)) - image.mean((1, 2, 3))[:, None]

    def encode_text(self, text: Tensor) -> Tensor:
        return text.float()


def tokenizer(texts: list[str]) -> Tensor:
    return torch.tensor([next(c for name, c in COLOURS.items() if text.endswith(name)) for text in texts])


def test_the_word_that_fits_has_the_highest_score() -> None:
    score = score_of(list(COLOURS), Colours(), tokenizer, 8, torch.device("cpu"))
    pictures = torch.stack([torch.tensor(c)[:, None, None].expand(3, 16, 16) for c in COLOURS.values()])
    found = score(pictures)
    assert found.shape == (3, 3)
    assert found.argmax(1).tolist() == [0, 1, 2]
    assert found.abs().max() <= 100.0 + 1e-4


@pytest.mark.skipif(importlib.util.find_spec("open_clip") is not None, reason="open_clip is here")
def test_without_open_clip_the_extra_is_named() -> None:
    with pytest.raises(InputError, match="latenz.clip."):
        clip_score(["red", "blue"], None, torch.device("cpu"))
