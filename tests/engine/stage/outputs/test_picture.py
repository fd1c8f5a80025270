"""Laws of stills: exact pixels, whole files, and the latent inside."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.errors import InputError
from engine.stage.outputs.picture import latent_text, read_latent, read_text, save_png
from tests.engine.stage.scene import scene


def test_a_still_keeps_its_pixels_and_its_texts(tmp_path: Path) -> None:
    pixels = scene()[0, :, :, :3]
    w = np.random.RandomState(3).randn(1, 6, 128).astype(np.float32)
    texts = {"latenz.seed": "7", "latenz.model": "Tülpchen", "latenz.latent": latent_text(w)}
    save_png(tmp_path / "a.png", pixels, texts)
    with Image.open(tmp_path / "a.png") as image:
        assert image.format == "PNG"
        assert np.array_equal(np.asarray(image), pixels)
    assert read_text(tmp_path / "a.png") == texts
    assert np.array_equal(read_latent(read_text(tmp_path / "a.png")["latenz.latent"]), w)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_a_still_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        save_png(tmp_path / "folder.png", scene()[0])
    with pytest.raises(InputError, match="cannot be written"):
        save_png(tmp_path / "none" / "a.png", scene()[0])
    assert [p.name for p in tmp_path.iterdir()] == ["folder.png"]


def test_what_is_no_picture_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    for name in ("a.png", "none.png"):
        with pytest.raises(InputError, match="not a picture"):
            read_text(tmp_path / name)


@given(st.text(max_size=60) | st.binary(max_size=80).map(lambda b: base64.b64encode(b).decode()))
def test_any_text_is_a_latent_or_an_input_error(text: str) -> None:
    try:
        read_latent(text)
    except InputError as error:
        assert "latent" in str(error)


def test_a_pickle_is_not_a_latent() -> None:
    packed = io.BytesIO()
    np.save(packed, np.array([{}], object), allow_pickle=True)
    with pytest.raises(InputError):
        read_latent(base64.b64encode(packed.getvalue()).decode())
