"""Every error `engine` raises on purpose.

EngineError
|-- InputError (ValueError)      the caller's input was wrong: exit status 2, one message, no traceback
|   |-- ShowError                a show.toml, script or take that does not hold together
|   |-- ModelError               a model or latent file that cannot be played
|   `-- ShaderError              an effect that does not parse or compile
|-- DeviceError (OSError)        a window, GPU or encoder that this machine does not give
`-- RoomError (RuntimeError)     a process of the show failed and says why
"""


class EngineError(Exception):
    """The root of the tree."""


class InputError(EngineError, ValueError):
    """The caller's input was wrong: where, what was given, what is allowed, what to do."""


class ShowError(InputError):
    """A show.toml, script or take that does not hold together."""


class ModelError(InputError):
    """A model, bank, place or latent file that cannot be played."""


class ShaderError(InputError):
    """An effect that does not parse or compile."""


class DeviceError(EngineError, OSError):
    """A window, GPU or encoder that this machine does not give."""


class RoomError(EngineError, RuntimeError):
    """A process of the show failed and says why."""


def printable(text: str, keep: str = "") -> str:
    """A text for a terminal, which must not be steered by a stranger's file: control characters as their escapes."""
    return "".join(c if c.isprintable() or c in keep else ascii(c)[1:-1] for c in text)
