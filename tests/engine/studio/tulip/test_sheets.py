"""Contact sheets: whole, of the size that was asked for, and the renderer's row is the renderer's."""

import numpy as np
import pytest

from engine.generator.tulip.factors import NAMES
from engine.studio.tulip import sheets
from engine.studio.tulip.data import latents
from engine.studio.tulip.export import write
from engine.studio.tulip.painters import Learned, Renderer
from tests.engine.generator.tulip_models import student, weights

RENDERER = Renderer(2)


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Learned:
    path = tmp_path_factory.mktemp("tulip") / "small.safetensors"
    write(weights(student()), path, {}, sharp=1.0)
    return Learned.open(path)


def test_a_grid_is_flowers_in_the_order_of_their_seed() -> None:
    sheet = sheets.grid(RENDERER, 2, 3, 32)
    assert sheet.shape == (64, 96, 3) and sheet.dtype == np.uint8
    fifth = RENDERER.pictures(latents(sheets.SEED, 5)[4:], 32)[0].permute(1, 2, 0).numpy()
    assert np.abs(sheet[32:, 32:64] / 255 - fifth).max() < 0.01


def test_the_renderer_is_under_the_network(learned: Learned) -> None:
    sheet = sheets.sweeps(learned, RENDERER, ("bloom", "hue"), 32)
    own = sheets.sweeps(RENDERER, RENDERER, ("bloom", "hue"), 32)
    assert sheet.shape == (128, sheets.LABEL_PX + 9 * 32, 3)
    under = np.r_[32:64, 96:128]
    assert np.array_equal(sheet[under], own[under]) and not np.array_equal(sheet, own)
    beside = sheets.compared(learned, RENDERER, 2, 32)
    assert np.array_equal(beside[32:], sheets.grid(RENDERER, 1, 2, 32))


def test_masks_have_the_colours_of_layers_alone(learned: Learned) -> None:
    sheet = sheets.dissection(learned, RENDERER, 2, 32)
    colours = {tuple(colour) for colour in sheets.COLOURS.tolist()}
    assert sheet.shape == (96, 64, 3)
    assert {tuple(pixel) for pixel in sheet[32:].reshape(-1, 3).tolist()} <= colours


def test_how_one_is_made_ends_with_its_picture(learned: Learned) -> None:
    sheet = sheets.making(learned, 64)
    picture = learned.pictures(sheets.shown()[None], 64)[0].permute(1, 2, 0).numpy()
    assert sheet.shape == (24 + 64, 5 * 64, 3)
    assert np.abs(sheet[24:, -64:] / 255 - picture).max() < 0.01


def test_the_flower_that_is_shown_names_factors_alone() -> None:
    assert set(sheets.SHOWN) <= set(NAMES)
