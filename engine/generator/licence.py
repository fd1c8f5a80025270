"""Whose weights they are, as far as a file's form tells: a note for whoever shows them, not legal advice."""

NVIDIA = (
    "Made with NVIDIA's code: weights that NVIDIA published are for non-commercial use only "
    "(NVIDIA Source Code License-NC, or CC BY-NC 4.0; see where you got them). "
    "Other people's weights are under their author's terms: ask them."
)
COMMUNITY = "The file names no licence. The weights are under their author's terms: ask them before a paid show."
NOTES = {
    "nvidia": NVIDIA,
    "tensorflow": NVIDIA,
    "rosinality": COMMUNITY + " If they were converted from NVIDIA's own, those are for non-commercial use only.",
    "gandissect": COMMUNITY,
    "huggingface": COMMUNITY,
}


def note(container: str) -> str:
    """What can be said of the licence of weights that came in this container."""
    return NOTES.get(container, COMMUNITY)
