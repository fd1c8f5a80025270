"""The tulip: a built-in generator distilled from a renderer of our own, so that every factor and mask is known."""
