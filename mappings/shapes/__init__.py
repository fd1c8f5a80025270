"""Pure shaping: ranges, curves, filters, gates and envelopes, each working on many routes at once."""

from mappings.shapes.grammar import KINDS, Duration, Shape, parse_shape

__all__ = ["KINDS", "Duration", "Shape", "parse_shape"]
