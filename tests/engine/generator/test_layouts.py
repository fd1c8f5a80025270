"""Every layout that a model came in becomes the same canonical tensors and the same architecture."""

import argparse
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator import licence
from engine.generator.foreign.read import read
from engine.generator.foreign.recognise import recognise
from engine.generator.foreign.values import Stub
from engine.generator.foreign.write import fitted
from engine.generator.spec import Spec
from scripts.nvidia_pickle import EasyDict, Record, dump, record, write
from tests.engine.generator.foreign_files import (
    Arrays,
    biggan_folder,
    progan_pth,
    rosinality_pt,
    rosinality_state,
    small,
    tensorflow_pickle,
)

STYLEGAN2 = {
    "skip": {},
    "resnet": {"architecture": "resnet"},
    "orig": {"architecture": "orig"},
    "conditional": {"classes": 3},
    "an average for each class": {"classes": 3, "class_average": True},
    "oblong": {"const_width": 6, "const_height": 4},
    "clamped and half": {"clamp": 1.5, "num_fp16_res": 2},
    "without noise": {"use_noise": False},
    "a shallow mapping": {"mapping": 4, "lr_multiplier": 0.02},
    "grey": {"img_channels": 1},
}


def opened(path: Path, **more: Any) -> tuple[Spec, Mapping[str, NDArray[Any]]]:
    found = recognise(read(path), **more)
    assert found.container in licence.NOTES and found.about["container"]
    return fitted(found)


def check(path: Path, spec: Spec, tensors: Arrays, rtol: float = 0.0, **more: Any) -> None:
    """The file is of this architecture and holds these very numbers."""
    got, arrays = opened(path, **more)
    assert got == spec
    assert set(arrays) == set(tensors)
    for name, array in tensors.items():
        assert arrays[name].shape == array.shape, name
        np.testing.assert_allclose(arrays[name], array, rtol=rtol, atol=0, err_msg=name)


@pytest.mark.parametrize("more", STYLEGAN2.values(), ids=STYLEGAN2)
@pytest.mark.parametrize("protocol", [3, 4])
def test_a_pickle_of_stylegan2_gives_its_generator_back(tmp_path: Path, more: dict[str, Any], protocol: int) -> None:
    spec, tensors = small("stylegan2", **more)
    write(tmp_path / "m.pkl", spec, tensors, protocol=protocol)
    check(tmp_path / "m.pkl", spec, tensors)


@pytest.mark.parametrize("architecture", ["stylegan3", "stylegan3-r"])
def test_a_pickle_of_stylegan3_gives_its_generator_back(tmp_path: Path, architecture: str) -> None:
    spec, tensors = small(architecture)
    write(tmp_path / "m.pkl", spec, tensors, protocol=4)
    check(tmp_path / "m.pkl", spec, tensors)


def test_weights_that_were_frozen_into_buffers_are_read_too(tmp_path: Path) -> None:
    spec, tensors = small("stylegan2")
    dump({"G_ema": record(spec, tensors, frozen=True)}, tmp_path / "m.pkl", 3)
    check(tmp_path / "m.pkl", spec, tensors)


def test_a_generator_alone_is_enough(tmp_path: Path) -> None:
    spec, tensors = small("stylegan2")
    dump(record(spec, tensors, kwargs={"synthesis_kwargs": EasyDict(channel_base=99)}), tmp_path / "bare.pkl", 4)
    check(tmp_path / "bare.pkl", spec, tensors)


def test_channels_come_from_the_tensors_and_not_from_the_arguments(tmp_path: Path) -> None:
    spec, tensors = small("stylegan2")
    kwargs = {"synthesis_kwargs": {"channel_base": 1, "channel_max": 1}, "img_resolution": 1024}
    dump({"G_ema": record(spec, tensors, kwargs=kwargs)}, tmp_path / "m.pkl", 3)
    check(tmp_path / "m.pkl", spec, tensors)


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("case", ["skip", "resnet", "orig", "conditional", "a shallow mapping"])
def test_a_tensorflow_pickle_gives_its_averaged_generator(tmp_path: Path, case: str, version: int) -> None:
    spec, tensors = small("stylegan2", **STYLEGAN2[case])
    lrmul = {"mapping_lrmul": 0.02} if "lr_multiplier" in STYLEGAN2[case] else {}
    path = tensorflow_pickle(tmp_path / "m.pkl", tensors, version=version, fmap_base=128, resolution=16, **lrmul)
    check(path, spec, tensors, rtol=1e-6)


@pytest.mark.parametrize("version", [2, 3])
def test_a_stylegan1_is_refused_by_its_name(tmp_path: Path, version: int) -> None:
    path = tensorflow_pickle(tmp_path / "m.pkl", small("stylegan2")[1], version=version)
    with pytest.raises(ModelError, match="StyleGAN1"):
        opened(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_stylegan2_pytorch_file_gives_its_generator(tmp_path: Path, zipped: bool) -> None:
    spec, tensors = small("stylegan2")
    check(rosinality_pt(tmp_path / "m.pt", tensors, zipped=zipped), spec, tensors, rtol=1e-6)


def test_an_average_that_a_file_lacks_is_left_to_be_measured(tmp_path: Path) -> None:
    spec, tensors = small("stylegan2")
    found = recognise(read(rosinality_pt(tmp_path / "m.pt", tensors, average=False)))
    assert not found.averaged and fitted(found)[0] == spec


def test_a_bare_stylegan2_pytorch_generator_is_enough(tmp_path: Path) -> None:
    spec, tensors = small("stylegan2")
    state = {f"module.{name}": array for name, array in rosinality_state(tensors).items()}
    torch.save(state, tmp_path / "m.pt")
    got, arrays = opened(tmp_path / "m.pt")
    assert got == spec and np.allclose(arrays["synthesis.b8.conv0.weight"], tensors["synthesis.b8.conv0.weight"])


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize("zipped", [True, False])
def test_every_layout_of_a_progressive_gan_gives_the_same(
    tmp_path: Path, old: bool, wrapped: bool, zipped: bool
) -> None:
    spec, tensors = small("progan")
    check(progan_pth(tmp_path / "m.pth", tensors, old=old, wrapped=wrapped, zipped=zipped), spec, tensors)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_biggan_folder_gives_its_weights_with_the_spectral_norm_in_them(tmp_path: Path, zipped: bool) -> None:
    spec, tensors = small("biggan", classes=4)
    folder = biggan_folder(tmp_path / "m", spec, tensors, zipped=zipped)
    check(folder / "pytorch_model.bin", spec, tensors, rtol=3e-6, config=spec.as_json())


def test_a_biggan_without_its_config_is_refused(tmp_path: Path) -> None:
    folder = biggan_folder(tmp_path / "m", *small("biggan", classes=4))
    with pytest.raises(ModelError, match=r"config\.json"):
        opened(folder / "pytorch_model.bin")


def test_the_layers_of_a_mixed_model_are_taken_as_they_are(tmp_path: Path) -> None:
    """Models put together from layers of others: some with a clamp, some wider."""
    spec, tensors = small("stylegan2", clamp=256.0)
    whole = record(spec, tensors)
    layer = whole.meta["state"]["_modules"]["synthesis"].meta["state"]["_modules"]["b8"].meta["state"]["_modules"]
    layer["conv1"].meta["state"]["conv_clamp"] = None
    dump({"G_ema": whole}, tmp_path / "m.pkl", 3)
    check(tmp_path / "m.pkl", spec, tensors)


REFUSED: dict[str, tuple[Any, str]] = {
    "a list": ([1, 2], "holds a list"),
    "no average": ({"G": None, "D": None}, "no G_ema"),
    "a word": ({"G_ema": "hello"}, "its G_ema is a str"),
    "something else": ({"weights": 3}, "a table with 'weights'"),
    "a later version": ({"G_ema": Record("Generator", {}, version=99)}, "version 99"),
    "another class": ({"G_ema": Record("SuperresGenerator", {})}, "'SuperresGenerator'"),
    "a discriminator": ({"G_ema": Record("Discriminator", {})}, "'Discriminator'"),
    "a part": ({"G_ema": Record("MappingNetwork", {"_modules": {}})}, "a Generator is needed"),
    "nothing in it": ({"G_ema": Record("Generator", {"_modules": {}})}, "no mapping network"),
    "no table of modules": ({"G_ema": Record("Generator", {"_modules": [1]})}, "a table is needed"),
    "a number for a network": ({"G_ema": Record("Generator", {"_modules": {"mapping": 3}})}, "mapping is not a"),
    "a name with a path": ({"G_ema": Record("Generator", {"_modules": {"../x": 3}})}, "is called '../x'"),
}


@pytest.mark.parametrize("data, said", REFUSED.values(), ids=REFUSED)
def test_what_is_no_checkpoint_is_refused_with_what_it_is(tmp_path: Path, data: Any, said: str) -> None:
    dump(data, tmp_path / "m.pkl", 4)
    with pytest.raises(ModelError, match=said):
        opened(tmp_path / "m.pkl")


def test_another_activation_is_refused(tmp_path: Path) -> None:
    spec, tensors = small("stylegan2")
    whole = record(spec, tensors)
    layer = whole.meta["state"]["_modules"]["synthesis"].meta["state"]["_modules"]["b8"].meta["state"]["_modules"]
    layer["conv1"].meta["state"]["activation"] = "swish"
    dump({"G_ema": whole}, tmp_path / "m.pkl", 3)
    with pytest.raises(ModelError, match="swish"):
        opened(tmp_path / "m.pkl")


@pytest.mark.parametrize("name", ["synthesis.b8.conv0.weight", "mapping.fc1.bias", "synthesis.b16.torgb.affine.bias"])
def test_a_missing_tensor_is_named(tmp_path: Path, name: str) -> None:
    spec, tensors = small("stylegan2")
    del tensors[name]
    dump({"G_ema": record(spec, tensors)}, tmp_path / "m.pkl", 3)
    with pytest.raises(ModelError, match=name.replace(".", r"\.")):
        opened(tmp_path / "m.pkl")


def test_a_biggan_of_halves_has_the_spectral_norm_of_its_single_numbers(tmp_path: Path) -> None:
    spec, tensors = small("biggan", classes=4)
    folder = biggan_folder(tmp_path / "m", spec, tensors)
    state = torch.load(folder / "pytorch_model.bin", weights_only=True)
    wide = {name: tensor.half().float() for name, tensor in state.items()}
    torch.save({name: tensor.half() for name, tensor in wide.items()}, tmp_path / "half.bin")
    torch.save(wide, tmp_path / "wide.bin")
    halves, singles = (opened(tmp_path / name, config=spec.as_json())[1] for name in ("half.bin", "wide.bin"))
    assert all(np.array_equal(halves[name], singles[name]) for name in tensors)


@pytest.mark.parametrize("name", ["params_ema", "ema", "state_dict", "generator"])
def test_a_table_of_tensors_is_found_by_what_trainers_call_it(tmp_path: Path, name: str) -> None:
    spec, tensors = small("stylegan2")
    state = rosinality_state(tensors)
    blank = {key: torch.zeros(3) for key in state}
    torch.save({"epoch": 3, "model": {"generator": blank}, "optimizer": {}, name: state}, tmp_path / "epoch=3.ckpt")
    assert opened(tmp_path / "epoch=3.ckpt")[0] == spec


def test_odd_arguments_beside_the_weights_do_no_harm(tmp_path: Path) -> None:
    spec, tensors = small("stylegan2")
    odd = {
        "device": torch.device("cuda:1"), "path": Path("x"), "rate": np.float64(0.1), "dtype": torch.float16,
        "seen": defaultdict(list, {1: [2]}), "more": SimpleNamespace(a=1), "state": np.random.RandomState(0).get_state(),
    }  # fmt: skip
    for zipped in True, False:
        data = {"g_ema": rosinality_state(tensors), "args": argparse.Namespace(**odd)}
        torch.save(data, tmp_path / "m.pt", _use_new_zipfile_serialization=zipped)
        assert opened(tmp_path / "m.pt")[0] == spec


def test_a_progressive_gan_of_tensorflow_is_refused_by_its_age() -> None:
    network = Stub("tfutil.Network", (), {"version": 2, "variables": []})
    with pytest.raises(ModelError, match="StyleGAN1 or older"):
        recognise((network, network, network))
