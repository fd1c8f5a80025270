"""Learning directions: what a model knows gets names, and becomes playable."""
