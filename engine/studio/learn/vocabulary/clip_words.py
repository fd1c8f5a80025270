"""CLIP as a describer: how well each word of a list fits a picture. Needs the extra `clip`."""

import torch
from torch import Tensor
from torch.nn import functional

from engine.studio.learn.assessors import Input, prepared
from engine.studio.learn.clip import Encoders, Tokenizer, loaded
from engine.studio.learn.vocabulary.describe import Score

PHRASE = "a picture of something {}"


def clip_score(words: list[str], which: str | None, device: torch.device) -> Score:
    """Scores for these words by a CLIP: see `engine.studio.learn.clip.text_score` for which, and for errors."""
    network, tokenizer, size = loaded(which, device)
    return score_of(words, network, tokenizer, size, device)


def score_of(words: list[str], network: Encoders, tokenizer: Tokenizer, size: int, device: torch.device) -> Score:
    """Cosines of pictures and words, times 100."""
    with torch.no_grad():
        tokens = tokenizer([PHRASE.format(word) for word in words]).to(device)
        texts = functional.normalize(network.encode_text(tokens).float(), dim=-1)

    def score(pictures: Tensor) -> Tensor:
        seen = network.encode_image(prepared(pictures, Input(size, "clip"), size)).float()
        return 100.0 * functional.normalize(seen, dim=-1) @ texts.T

    return score
