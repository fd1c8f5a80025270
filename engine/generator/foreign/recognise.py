"""Which of the known layouts a file's plain data is; or what it is instead."""

from collections.abc import Mapping
from typing import Any

from engine.errors import ModelError
from engine.generator.foreign import gandissect, huggingface, nvidia, rosinality, tensorflow
from engine.generator.foreign.base import Foreign, kind

WANTED = (
    "a StyleGAN2 or StyleGAN3 .pkl with its G_ema, a TensorFlow StyleGAN2 .pkl, "
    "a stylegan2-pytorch .pt with its g_ema, a GAN Dissection .pth or a BigGAN folder"
)

WRAPPERS = ("params_ema", "ema", "state_dict", "params", "model", "generator")
"""What trainers call a table of tensors; those of an average come first."""


def recognise(data: Any, config: Mapping[str, Any] | None = None, *, upstream_exact: bool = False) -> Foreign:
    """The generator in plain data. config : a BigGAN's config.json. ModelError says what was found instead."""
    if nvidia.is_record(data):
        return nvidia.generator(data)
    if tensorflow.is_network(data):
        return tensorflow.generator(data)
    if isinstance(data, list | tuple) and data and tensorflow.is_network(data[-1]):
        return tensorflow.generator(data[-1])
    if isinstance(data, dict):
        return _in_table(data, config, upstream_exact)
    raise ModelError(f"not a checkpoint: it holds a {kind(data)}; latenz plays {WANTED}")


def _in_table(data: Mapping[Any, Any], config: Mapping[str, Any] | None, upstream_exact: bool) -> Foreign:
    for name in ("G_ema", "g_ema"):
        inner = data.get(name)
        if nvidia.is_record(inner):
            return nvidia.generator(inner)
        if rosinality.is_state(inner):
            return rosinality.generator(inner, data.get("latent_avg"))
        if name in data:
            raise ModelError(f"not a checkpoint: its {name} is a {kind(inner)}; a generator is needed there")
    for state in (data, *(data.get(name) for name in WRAPPERS)):
        if gandissect.is_state(state):
            return gandissect.generator(state)
        if huggingface.is_state(state):
            return huggingface.generator(state, config, upstream_exact=upstream_exact)
        if rosinality.is_state(state):
            return rosinality.generator(state)
    if any(name in data for name in ("G", "g", "D", "d")):
        raise ModelError(
            "it has no G_ema: the averaged generator, which is the one to play, is not in this file; "
            "ask for the full checkpoint, or one that was saved with G_ema"
        )
    names = ", ".join(ascii(name)[:30] for name in list(data)[:4])
    raise ModelError(f"not a checkpoint: it holds a table with {names or 'nothing'}; latenz plays {WANTED}")
