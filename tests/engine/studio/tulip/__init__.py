"""Tests of the tulip's teacher. What numba compiles here goes into our own cache."""

from engine.paths import use_numba_cache

use_numba_cache()
