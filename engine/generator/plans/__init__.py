"""Ways to draw a synthesis: torch and OpenVINO on the processor, CUDA, Apple. `engine.generator.runtime` chooses."""
