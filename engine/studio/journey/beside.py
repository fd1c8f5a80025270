"""Work in a second thread, in order: encoding beside drawing."""

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")

AHEAD = 8  # that wait at most: memory stays flat where encoding is slower than drawing


class Beside(Generic[Thing]):
    """Does something with each thing that is given, one after another, while the caller goes on."""

    def __init__(self, do: Callable[[Thing], None], ahead: int = AHEAD) -> None:
        self._do = do
        self._things: queue.Queue[tuple[Thing] | None] = queue.Queue(ahead)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="beside")
        self._thread.start()

    def put(self, thing: Thing) -> None:
        """Give one more; waits where too many wait. Raises what an earlier one raised."""
        if self._error is not None:
            raise self._error
        self._things.put((thing,))

    def close(self) -> None:
        """Wait until all is done. Raises what any raised."""
        self._things.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (thing := self._things.get()) is not None:
            if self._error is None:
                try:
                    self._do(*thing)
                except BaseException as error:  # noqa: BLE001  # raised again where it was asked for
                    self._error = error
