"""One OpenGL context for each module of tests, made without any X server."""

from collections.abc import Iterator

import pytest

from engine.errors import DeviceError
from engine.stage.offscreen import Offscreen
from tests.conftest import missing


@pytest.fixture(scope="module")
def stage() -> Iterator[Offscreen]:
    """An offscreen stage of 96 x 64; reset it with `play`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DISPLAY", raising=False)
        patch.delenv("WAYLAND_DISPLAY", raising=False)
        try:
            made = Offscreen(96, 64, live=True)
        except DeviceError as error:
            missing(str(error))
            raise
        with made:
            yield made


@pytest.fixture(autouse=True)
def usual_size(request: pytest.FixtureRequest) -> None:
    """Tests may change the size of the shared stage; the next one finds it as it was."""
    if "stage" in request.fixturenames:
        request.getfixturevalue("stage").set_size(96, 64)
