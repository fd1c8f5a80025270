"""A show's banks: of its own model, or of its architecture with a warning."""

from pathlib import Path

import numpy as np
import pytest

from engine.errors import ShowError
from engine.latent.directions import Direction, Directions, architecture_of
from engine.preset import Options, Show, load_show
from tests.engine.test_preset_models import models as models  # a fixture
from tests.engine.test_preset_models import show

BANKS = '[generator]\nmodel = "a.safetensors"\nbanks = ["more.safetensors"]\n'
MATCH = BANKS + 'match_banks = "architecture"\n'


def bank(models: Path, model: str, name: str = "smile", architecture: str = "", size: int = 0) -> None:
    """A bank beside the show that was learned on one of the small models."""
    info = plain(models, model).info
    vector = np.ones(size or info.z_dim)
    of = architecture or architecture_of(info)
    found = Direction(name, vector, model_hash=info.hash, model=info.name, architecture=of, safe=(-1.0, 2.5))
    Directions((found,)).save(models / "more.safetensors")


def plain(models: Path, model: str) -> Show:
    return show(models, f'[generator]\nmodel = "{model}.safetensors"\n')


def test_a_bank_of_its_own_model_is_played_and_says_its_safe_range(models: Path) -> None:
    bank(models, "a")
    found = show(models, BANKS)
    assert found.told == () and "smile" in found.directions.names
    about = next(c.about for c in found.layout.controls if c.address == "/direction/smile")
    assert "safe from -1 to 2.5" in about


def test_a_bank_of_another_snapshot_is_refused_with_the_remedy(models: Path) -> None:
    bank(models, "b")
    with pytest.raises(
        ShowError, match=r'show.toml:3: more.safetensors: direction "smile" was learned on another'
    ) as e:
        show(models, BANKS)
    assert 'match_banks = "architecture"' in str(e.value)


def test_a_bank_of_another_snapshot_is_taken_with_a_warning_where_asked(models: Path) -> None:
    bank(models, "b")
    found = show(models, MATCH)
    assert len(found.told) == 1 and "learned on another model" in found.told[0] and "smile" in found.told[0]
    found.directions.check(found.info)


@pytest.mark.parametrize(("architecture", "size", "said"), [("biggan z4", 0, "biggan z4"), ("", 7, "7 numbers in z")])
def test_what_does_not_fit_is_refused_all_the_same(models: Path, architecture: str, size: int, said: str) -> None:
    bank(models, "b", architecture=architecture, size=size)
    with pytest.raises(ShowError, match=said) as error:
        show(models, MATCH)
    assert "match_banks" not in str(error.value)


def test_another_model_on_the_command_line_takes_banks_by_architecture_too(models: Path) -> None:
    bank(models, "a")
    (models / "show.toml").write_text(MATCH, "utf-8")
    taken = load_show(models / "show.toml", Options(model=str(models / "b.safetensors")))
    assert "smile" in taken.directions.names and any("learned on another model" in line for line in taken.told)
    (models / "show.toml").write_text(BANKS, "utf-8")
    aside = load_show(models / "show.toml", Options(model=str(models / "b.safetensors")))
    assert "smile" not in aside.directions.names and any("set aside" in line for line in aside.told)


def test_another_word_is_refused(models: Path) -> None:
    with pytest.raises(ShowError, match="match_banks"):
        show(models, BANKS + 'match_banks = "all"\n')
