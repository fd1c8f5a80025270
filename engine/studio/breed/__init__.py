"""Breeding: children of one, two or more places, generation after generation, and the family that they are."""
