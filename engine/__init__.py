"""Controls become light: a latent point is carried by springs, drawn by a generator and shown on a stage."""
