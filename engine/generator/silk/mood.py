"""Moods of silk: what a garden's cloth is like, besides its palette's hue and its own constants."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mood:
    """Factors on silk's own measures, 1 and 0 being silk as it is."""

    chroma: float = 1.0  # of colour
    spread: float = 1.0  # how far the hues of one picture lie apart
    light: float = 0.0  # added
    contrast: float = 1.0
    relief: float = 1.0  # depth of folds
    sheen: float = 1.0
    iris: float = 1.0  # how far the sheen's colour turns with the angle
    filaments: float = 1.0  # brightness of threads
    threads: float = 0.0  # how many threads show, in sigma of their direction
    striped: float = 0.0  # in sigma of the stripes' direction
    scale: float = 1.0  # of the pattern; below 1 larger forms
    warp: float = 1.0  # bending of the cloth
    petals: float = 0.0  # in sigma of the symmetry's direction


SATIN = Mood()
NIGHT = Mood(chroma=0.85, spread=0.35, light=-0.16, contrast=1.1, sheen=0.7, filaments=2.4, threads=2.4, relief=0.8)
PEARL = Mood(chroma=0.42, spread=1.2, light=0.42, contrast=0.72, relief=0.75, sheen=1.25, iris=1.5, scale=0.8)
LACQUER = Mood(chroma=1.15, spread=0.3, contrast=1.3, relief=1.25, sheen=1.6, scale=0.62, warp=0.7, petals=0.8)
BROCADE = Mood(chroma=1.0, spread=0.7, relief=0.55, sheen=0.8, striped=2.2, scale=1.05, filaments=0.5, light=0.06)
OPAL = Mood(chroma=0.75, spread=2.1, light=0.26, contrast=0.85, iris=2.0, scale=0.72, warp=1.3)
INK = Mood(chroma=0.16, spread=0.8, light=-0.05, contrast=1.25, relief=1.1, threads=0.8, warp=1.25)
DAHLIA = Mood(chroma=1.1, spread=0.75, relief=0.9, sheen=0.6, scale=0.85, warp=0.45, petals=2.6)

MOODS = (SATIN, NIGHT, PEARL, LACQUER, BROCADE, OPAL, INK, DAHLIA)


def mood_of(garden: int) -> Mood:
    """The mood of a garden: they go round."""
    return MOODS[garden % len(MOODS)]
