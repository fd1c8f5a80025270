"""Which latent space the voices of a show move in."""

from collections.abc import Sequence

from engine.errors import ShowError
from engine.generator.base import ModelInfo
from engine.latent.directions import Directions
from engine.latent.plain import Plain
from engine.latent.shell import Shell
from engine.latent.space import MapZ, Space, seed_z
from engine.latent.spec import VoiceSpec


def space_of(voices: Sequence[VoiceSpec], info: ModelInfo, directions: Directions, map_z: MapZ) -> Space:
    """The space that `geometry` names, with all voices in it. ShowError where they differ."""
    geometries = {voice.motion.geometry for voice in voices}
    if len(geometries) != 1:
        raise ShowError("[[voice]] geometries differ; give all voices the same one")
    if geometries == {"sphere"}:
        return Shell(info, len(voices), map_z)
    return Plain(info, len(voices), map_z, directions, seed_z(voices[0].seed, info.z_dim))
