"""What one reading may still use: nothing grows out of proportion to the file."""

from dataclasses import dataclass

from engine.generator.foreign.refusal import RefusedError

MAX_OPS = 400_000  # a genuine StyleGAN of 1024 px takes under 100 000
BASE_BYTES = 64 << 20


@dataclass(slots=True)
class Budget:
    """Counted down by everything that is read; shared by the pickles inside a pickle."""

    ops: int
    copied_bytes: int
    shown_bytes: int

    @classmethod
    def of(cls, size_bytes: int) -> "Budget":
        """For a file of so many bytes."""
        return cls(MAX_OPS, 3 * size_bytes + BASE_BYTES, 8 * size_bytes + BASE_BYTES)

    def spend(self, ops: int) -> None:
        """Steps of the machine, or as many items copied."""
        self.ops -= ops
        if self.ops < 0:
            raise RefusedError(f"it takes more than {MAX_OPS} steps to read")

    def copy(self, size_bytes: int) -> None:
        """Bytes of the file that are decoded or converted into memory of their own."""
        self.copied_bytes -= size_bytes
        if self.copied_bytes < 0:
            raise RefusedError("it unfolds to several times its own size")

    def show(self, size_bytes: int) -> None:
        """Bytes of tensors that look into the file: many may look at the same place."""
        self.shown_bytes -= size_bytes
        if self.shown_bytes < 0:
            raise RefusedError("its tensors show the same bytes over and over")
