"""How well a text fits a picture, by CLIP (Radford et al. 2021): an assessor in words. Needs the extra `clip`."""

from importlib import import_module
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from engine.errors import InputError, printable
from engine.studio.learn.assessors import Assessor, Input, prepared

MODEL, WEIGHTS = "ViT-B-32", "laion2b_s34b_b79k"
AGAINST = "|"
INSTALL = 'pip install "latenz[clip]"'


class Encoders(Protocol):
    """What of a CLIP is used: the two networks, as open_clip has them."""

    def encode_image(self, image: Tensor) -> Tensor: ...
    def encode_text(self, text: Tensor) -> Tensor: ...


class Tokenizer(Protocol):
    """Texts to the numbers of their words, (n, words)."""

    def __call__(self, texts: list[str]) -> Tensor: ...


def text_score(text: str, which: str | None, device: torch.device) -> Assessor:
    """`a scary tulip`: how well that fits. `scary|harmless`: how much better the first fits than the second.

    which : NAME:WEIGHTS of open_clip, WEIGHTS a name that it knows or a file of one's own. Weights of a name come
    from the network at the first use, by open_clip itself: hundreds of megabytes, under their own licence; latenz
    ships none. InputError without open_clip, for a name that it does not know, and where weights cannot be had.
    """
    texts = _texts(text)
    network, tokenizer, size = loaded(which, device)
    return scored(text, texts, network, tokenizer, Input(size, "clip"), device)


def scored(
    text: str, texts: list[str], network: Encoders, tokenizer: Tokenizer, given: Input, device: torch.device
) -> Assessor:
    """The assessor of these texts: the cosine of picture and text, or its difference for two; times 100, as CLIP's."""
    with torch.no_grad():
        words = functional.normalize(network.encode_text(tokenizer(texts).to(device)).float(), dim=-1)
    way = words[0] if len(words) == 1 else words[0] - words[1]

    def of(pictures: Tensor) -> Tensor:
        seen = functional.normalize(network.encode_image(prepared(pictures, given, given.size)).float(), dim=-1)
        return 100.0 * (seen @ way)

    return Assessor(text, of)


def _texts(text: str) -> list[str]:
    texts = [part.strip() for part in text.split(AGAINST)]
    if not all(texts) or len(texts) > 2:
        raise InputError(
            f'--assessor clip:{text}: give clip:"a text", or two with | between them: clip:"scary|harmless"'
        )
    return texts


def loaded(which: str | None, device: torch.device) -> tuple[Any, Tokenizer, int]:
    """A CLIP, its tokenizer and the side of its pictures: which, and errors, as `text_score` has them."""
    name, _, weights = (which or f"{MODEL}:{WEIGHTS}").partition(":")
    if not (name and weights):
        raise InputError(f"--clip-model {which}: give NAME:WEIGHTS, such as {MODEL}:{WEIGHTS}, or a file as WEIGHTS")
    try:
        open_clip: Any = import_module("open_clip")
    except ImportError:
        raise InputError(f"CLIP text scores need open_clip: {INSTALL}") from None
    except RuntimeError as error:  # a torchvision built for another PyTorch than the one that is here
        raise InputError(f"open_clip does not load here ({printable(str(error))[:200]}): {INSTALL}") from None
    try:
        network = open_clip.create_model(name, pretrained=weights, device=device)
        tokenizer: Tokenizer = open_clip.get_tokenizer(name)
    except Exception as error:  # of open_clip, of what it downloads with, of the file: there are many kinds
        raise InputError(
            f"--clip-model {name}:{weights}: {printable(str(error))[:200]}; a NAME is one of open_clip's "
            "architectures, WEIGHTS one of its names for them (fetched once from the network) or a file"
        ) from None
    network.eval().requires_grad_(False)
    size = network.visual.image_size
    return network, tokenizer, int(size if isinstance(size, int) else size[0])
