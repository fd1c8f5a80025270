"""The Progressive GANs of GAN Dissection: one row of layers, under two kinds of names."""

import re
from typing import Any

from engine.errors import ModelError
from engine.generator.foreign.base import Foreign, Tensors, arrays

OLD = re.compile(r"features\.(\d{1,3})\.(conv\.weight|wscale\.b)")
NEW = re.compile(r"layer\d{1,3}\.(?:conv\.weight|wscale\.b)|output_\d{1,5}x\d{1,5}\.(?:conv\.weight|wscale\.b)")


def is_state(value: Any) -> bool:
    """Whether this is such a generator's table of tensors."""
    return isinstance(value, dict) and any(
        f"{prefix}{name}.conv.weight" in value for prefix in ("", "module.") for name in ("layer1", "features.0")
    )


def generator(value: Any) -> Foreign:
    """The generator in a table of tensors. ModelError names the tensor that is of another network."""
    found = {name.removeprefix("module."): array for name, array in arrays(value, "its table").items()}
    layers = [int(row[1]) for name in found if (row := OLD.fullmatch(name))]
    size = 4 << max((max(layers, default=0) + 1) // 2 - 1, 0)
    tensors: Tensors = {}
    for name, array in found.items():
        if old := OLD.fullmatch(name):
            tensors[f"layer{int(old[1]) + 1}.{old[2]}"] = array
        elif name in ("output.conv.weight", "output.wscale.b"):
            tensors[name.replace("output", f"output_{size}x{size}", 1)] = array
        elif NEW.fullmatch(name):
            tensors[name] = array
        else:
            raise ModelError(f"its tensor {ascii(name)[:80]} is of no Progressive GAN that latenz knows")
    about = {"container": "GAN Dissection .pth", "class": "ProgressiveGenerator"}
    return Foreign("progan", tensors, {}, "gandissect", about)
