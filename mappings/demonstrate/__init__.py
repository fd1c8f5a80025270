"""Learn by demonstration (Fiebrink, Trueman & Cook 2009): a pose of the signals, a picture one likes, a press."""

from mappings.demonstrate.demonstration import METHOD, NAMES, ON, Demonstration, DemonstrationSpec
from mappings.demonstrate.poses import Poses

__all__ = ["METHOD", "NAMES", "ON", "Demonstration", "DemonstrationSpec", "Poses"]
