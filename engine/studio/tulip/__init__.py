"""The tulip's teacher: a renderer whose every factor and mask is known, and what distils it into a network."""
