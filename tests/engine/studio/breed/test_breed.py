"""Breeding: the same request the same bytes, and any child can be made again, and be a parent."""

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError
from engine.latent import sphere
from engine.latent.places import Places
from engine.stage.outputs.picture import read_text
from engine.studio.breed.breed import Breed, breed, gather
from engine.studio.breed.child import Recipe, born
from engine.studio.breed.cross import KINDS, draw_layers
from engine.studio.breed.family import Family, read_family
from engine.studio.breed.genome import Genome
from engine.studio.journey.drawing import Drawing, Look, info_of
from engine.studio.journey.pair import open_pair
from engine.studio.latents import amounts_of
from engine.studio.still import Still, still
from tests.engine.studio.breed.conftest import SIZE, Breeds
from tests.engine.studio.journey.small import left_over, pair_of


def kept(path: Path) -> Family:
    family = read_family(path / "family.json")
    assert family is not None
    return family


def remade(family: Family, id_: str, drawing: Drawing) -> Genome:
    """A child once more, of its recipe and the genomes of its parents."""
    recipe = family.nodes[id_].recipe
    assert recipe is not None
    genes = tuple(f"{name}={sigma!r}" for name, sigma in recipe.genes)
    along = amounts_of(family.model, drawing.info, genes, None)[0] if genes else None
    return born([family.nodes[parent].genome for parent in recipe.parents], recipe, drawing, along)


def picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("cross", KINDS)
def test_a_recipe_makes_a_child_again_bit_for_bit(
    cross: str, breeds: Breeds, tmp_path: Path, tulip: Drawing
) -> None:  # fmt: skip
    genes = ("bloom=1", "hue=-0.7") if cross in ("mix", "bands") else ()
    breeds(17, 3, 5, cross=cross, genes=genes)
    breeds("g1-01", "g1-03", cross=cross, mutation=0.1)
    family = kept(tmp_path / "garden")
    children = [id_ for id_, node in family.nodes.items() if node.recipe]
    assert children == ["g1-01", "g1-02", "g1-03", "g2-01", "g2-02", "g2-03"]
    for id_ in children:
        assert remade(family, id_, tulip).key == family.nodes[id_].genome.key


def test_children_of_classes_carry_their_weights(conditional: str, tmp_path: Path) -> None:
    """They draw as they are kept, and bring all of it into another family."""
    begun = breed(Breed((), tmp_path / "g", conditional, children=2))
    assert {int(np.argmax(node.genome.classes)) for node in begun.born} <= {0, 1, 2, 3}  # type: ignore[arg-type]
    seeds = Breed(("g0-01", "seed:51"), tmp_path / "g", children=2, class_=3, weights=(1, 1))
    (node, _) = breed(seeds).born
    drawing, genome = Drawing(Look(conditional)), kept(tmp_path / "g").nodes[node.id].genome
    assert genome.classes is not None and math.isclose(genome.classes.sum(), 1.0) and genome.key == node.genome.key
    assert remade(kept(tmp_path / "g"), node.id, drawing).key == genome.key
    assert np.array_equal(picture(tmp_path / "g" / f"{node.id}.png"), drawing.draw(genome.w(drawing)[None])[0])
    drawing.close()
    elsewhere = breed(Breed((str(tmp_path / "g" / f"{node.id}.png"),), tmp_path / "h", conditional, children=1))
    assert elsewhere.family.nodes["g0-01"].genome.key == genome.key


def test_layers_of_two_classes_keep_their_own_and_the_share_is_kept(conditional: str) -> None:
    drawing = Drawing(Look(conditional))
    z = np.random.RandomState(0).randn(2, drawing.info.z_dim).astype(np.float32)
    rose, lily = (Genome("z", row, np.eye(4)[n]) for row, n in zip(z, (1, 2), strict=True))
    for kind in KINDS[1:]:
        layers = draw_layers(kind, drawing.info, np.array([0.5, 0.5]), np.random.RandomState(3))
        child = born([rose, lily], Recipe(("a", "b"), (0.5, 0.5), kind, layers), drawing)
        share = layers.count(1) / len(layers)
        assert child.space == "w" and np.allclose(child.classes, [0, 1 - share, share, 0])
        own = rose.w(drawing, 1.0), lily.w(drawing, 1.0)
        assert np.array_equal(child.latent, [own[n][layer] for layer, n in enumerate(layers)])
    drawing.close()


def test_the_same_requests_write_the_same_bytes(breeds: Breeds, tmp_path: Path) -> None:
    for out in ("a", "b"):
        breeds(1, 2, out=out)
        breeds("g1-02", out=out, genes=("bloom=1",))
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == sorted(
        ["family.json", "places.safetensors", "sheet.png", "tree.png", "g0-01.png", "g0-02.png"]
        + [f"g{generation}-0{n}.png" for generation in (1, 2) for n in (1, 2, 3)]
    )
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)
    assert not left_over(tmp_path / "a")


def test_asked_again_there_are_others_and_those_that_are_there_stay(breeds: Breeds, tmp_path: Path) -> None:
    first = breeds(1, 2).born
    before = {node.id: (tmp_path / "garden" / f"{node.id}.png").read_bytes() for node in first}
    more = breeds("seed:1", "g0-02").born
    assert [node.id for node in more] == ["g1-04", "g1-05", "g1-06"]
    assert len({node.genome.key for node in (*first, *more)}) == 6
    assert all((tmp_path / "garden" / f"{id_}.png").read_bytes() == was for id_, was in before.items())
    assert [node.id for node in breeds("g0-01", "g1-04").born] == ["g2-01", "g2-02", "g2-03"]


def test_a_family_outlives_its_stills(breeds: Breeds, tmp_path: Path) -> None:
    """Who was deleted, or painted over, is a parent and in the tree as before."""
    for out in ("a", "b"):
        breeds(1, 2, out=out)
        if out == "b":
            (tmp_path / "b" / "g0-01.png").unlink()
            (tmp_path / "b" / "g0-02.png").write_bytes((tmp_path / "b" / "g1-01.png").read_bytes())
            (tmp_path / "b" / "g1-02.png").write_bytes(b"none")
        breeds("g1-02", "g0-01", out=out)
    for name in ("tree.png", "sheet.png", "family.json", "g2-03.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("mutation", [0.05, 0.2, 1.0])
def test_a_child_of_one_is_turned_by_its_mutation(mutation: float, breeds: Breeds) -> None:
    made = breeds(7, mutation=mutation)
    parent = made.family.nodes["g0-01"].genome.latent.astype(np.float64)
    for node in made.born:
        z = node.genome.latent.astype(np.float64)
        assert sphere.angle(sphere.normalise(z), sphere.normalise(parent)) == pytest.approx(
            mutation * math.pi / 2, 1e-5
        )
        assert np.linalg.norm(z) == pytest.approx(np.linalg.norm(parent), 1e-5)


def test_a_gene_moves_as_a_still_does(breeds: Breeds, tmp_path: Path) -> None:
    breeds(7, children=1, mutation=0.0, genes=("bloom=1.5", "hue=1"))
    still(Still("tulip", tmp_path / "same.png", seed=7, size=SIZE, amounts=("bloom=1.5", "hue=1"), backend="frozen"))
    away = picture(tmp_path / "same.png").astype(int) - picture(tmp_path / "garden" / "g1-01.png")
    assert np.abs(away).max() <= 1  # genomes are float32


def test_genes_move_on_from_where_they_are(breeds: Breeds, tmp_path: Path) -> None:
    """Also from a still in another folder, whose place is in w: twice a half is one."""
    breeds(7, children=1, mutation=0.0, genes=("bloom=0.5",))
    whole = breeds(7, children=1, mutation=0.0, genes=("bloom=1",)).born[0].genome
    text = read_text(tmp_path / "garden" / "g1-01.png")
    assert text["latenz.space"] == "w" and "latenz.genome" in text
    for parent, out in (("g1-01", "garden"), (tmp_path / "garden" / "g1-01.png", "other")):
        twice = breeds(parent, out=out, children=1, mutation=0.0, genes=("bloom=0.5",)).born[0].genome
        assert twice.space == "z" and np.allclose(twice.latent, whole.latent, atol=1e-6)


def test_a_still_is_a_parent_by_its_picture_and_a_place_by_its_name(
    breeds: Breeds, tmp_path: Path, tulip: Drawing
) -> None:  # fmt: skip
    breeds(1, 2, cross="bands")
    folder = tmp_path / "garden"
    assert breeds(folder / "g1-02.png").born[0].parents == ("g1-02",)
    places = Places.load(folder / "places.safetensors").check(tulip.info)
    for id_ in ("g0-01", "g1-02"):
        place = places[id_]
        drawn = tulip.draw(tulip.w(np.asarray(place.latent[None], np.float32)))[0]
        assert np.abs(drawn.astype(int) - picture(folder / f"{id_}.png")).max() <= 1
    still(Still("tulip", tmp_path / "s.png", place=f"{folder / 'places.safetensors'}:g1-02", size=SIZE))
    assert np.abs(picture(tmp_path / "s.png").astype(int) - picture(folder / "g1-02.png")).max() <= 1


def test_parents_come_from_sequences_and_places(breeds: Breeds, tmp_path: Path) -> None:
    pair = pair_of(tmp_path)
    breeds(9, out="first")
    made = breeds(f"{pair.path}:5", f"{tmp_path / 'first' / 'places.safetensors'}:g0-01", f"{pair.path}:00:00:00:05")
    assert made.born[0].parents == ("g0-01", "g0-02", "g0-01")
    assert np.array_equal(made.family.nodes["g0-01"].genome.latent, pair.rows[5])
    assert [made.family.nodes[id_].source for id_ in ("g0-01", "g0-02")] == ["way.npy:5", "places.safetensors:g0-01"]
    assert breed(Breed((f"{pair.path}:3",), tmp_path / "own", children=1, size=SIZE)).family.model == "tulip"


def test_psi_comes_with_a_still_and_stays(tmp_path: Path, breeds: Breeds) -> None:
    still(Still("tulip", tmp_path / "s.png", seed=7, psi=0.5, size=SIZE))
    assert breed(Breed((str(tmp_path / "s.png"),), tmp_path / "garden", size=SIZE, children=1)).family.psi == 0.5
    assert breeds("g1-01").family.psi == 0.5 and kept(tmp_path / "garden").psi == 0.5
    assert np.array_equal(picture(tmp_path / "garden" / "g0-01.png").shape, (64, 64, 3))
    assert read_text(tmp_path / "garden" / "g2-01.png")["latenz.psi"] == "0.5"


def test_weights_that_are_given_are_every_childs(breeds: Breeds) -> None:
    made = breeds(1, 2, weights=(3, 1))
    assert all(node.recipe and node.recipe.weights == (0.75, 0.25) for node in made.born)
    drawn = breeds(1, 2).born
    assert len({node.recipe and node.recipe.weights for node in drawn}) == 3


def test_the_chosen_are_gathered_into_a_sequence(breeds: Breeds, tmp_path: Path) -> None:
    made = breeds(1, 2)
    before = (tmp_path / "garden" / "family.json").read_bytes()
    pair = gather(Breed(("g1-02", "g0-01"), tmp_path / "garden"), tmp_path / "kept")
    assert pair.space == "z" and np.array_equal(pair.rows[0], made.family.nodes["g1-02"].genome.latent)
    assert [(mark.frame, mark.name) for mark in pair.facts.marks] == [(0, "g1-02"), (1, "g0-01")]
    pair.check(info_of("tulip"))
    breeds("g1-01", "g1-02", cross="each")
    mixed = gather(Breed(("g1-02", "g2-01"), tmp_path / "garden"), tmp_path / "mixed")
    assert mixed.space == "w" and (tmp_path / "garden" / "family.json").read_bytes() != before
    assert open_pair(tmp_path / "mixed").facts.model_hash == info_of("tulip").hash


def test_who_comes_from_outside_is_gathered_under_its_own_name(breeds: Breeds, tmp_path: Path) -> None:
    """No id of the family is given away: the family does not know them, and the next to be born may have it."""
    breeds(1)
    pair = gather(Breed(("g1-02", "17", "1"), tmp_path / "garden"), tmp_path / "kept")
    assert [mark.name for mark in pair.facts.marks] == ["g1-02", "seed:17", "g0-01"]
    with pytest.raises(InputError, match="is the sequence that this is made of"):
        gather(Breed((f"{pair.path}:1", "g1-01"), tmp_path / "garden"), tmp_path / "kept")
    assert len(open_pair(tmp_path / "kept")) == 3


@pytest.mark.parametrize(
    ("parents", "options", "says"),
    [
        (("1",), {"children": 0}, "--children 0"),
        (("1",), {"mutation": 1.5}, "quarter turn"),
        (("1",), {"mutation": math.nan}, "quarter turn"),
        (("1",), {"mutation": 0.0}, "would be the same"),
        (("1", "2"), {"cross": "layer"}, 'did you mean "layers"'),
        (("1", "2"), {"weights": (1.0,)}, "give 2, one for each"),
        (("1", "2"), {"weights": (0.0, 0.0)}, "give 2, one for each"),
        (("1",), {"genes": ("blom=1",)}, '--gene blom=1: no direction "blom"; did you mean "bloom"'),
        (("1",), {"genes": ("bloom",)}, "--gene bloom: give"),
        (("1",), {"genes": ("bloom=60", "bloom=60")}, "--gene bloom: 120 in all; at most 100 sigma"),
        (("1",), {"class_": 3}, "has no classes"),
        (("4294967296",), {}, "give 0 to 4294967295"),
        (("g1-01",), {}, "nobody in this family"),
        (("rose",), {}, "rose: no parent; give a still"),
        (("rose.png",), {}, "not a picture"),
        (("rose.npy:3",), {}, "rose.npy"),
        ((), {"genes": ("bloom=1",)}, "name a parent"),
        (("1",), {"model": None}, "no parent says of which model"),
        ((), {"model": None}, "name a parent, or give --model"),
        (("1",), {"tree": Path("nowhere/family.json")}, "no folder nowhere"),
        (("1",) * 65, {}, "at most 64"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(
    parents: tuple[str, ...], options: dict[str, object], says: str, breeds: Breeds, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=says.replace("(", r"\(")):
        breeds(*parents, **options)
    assert not list(tmp_path.iterdir())


def test_a_family_goes_on_from_its_own_and_is_of_one_model(breeds: Breeds, tmp_path: Path) -> None:
    assert [node.id for node in breeds().born] == ["g0-01", "g0-02", "g0-03"]
    with pytest.raises(InputError, match="name parents, such as g0-03"):
        breeds()
    with pytest.raises(InputError, match="a family of tulip"):
        breeds("1", model="silk")
    still(Still("silk", tmp_path / "s.png", seed=7, size=SIZE))
    with pytest.raises(InputError, match="a still of silk"):
        breeds(tmp_path / "s.png")
    breeds(1, 2, cross="each")
    with pytest.raises(InputError, match="--gene bloom: a direction in z from a latent in w"):
        breeds("g1-01", genes=("bloom=1",))


def test_the_command_breeds_and_gathers(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    size = ("--size", "64x64", "-o", "garden")
    status, told, _ = run("breed", "--model", "tulip", "--children", 4, *size)
    assert status == 0 and told == "g0-01 to g0-04 in garden; sheet.png shows them, tree.png the family of 4\n"
    status, told, _ = run("breed", "g0-01", "g0-03", "--children", 1, "--weights", "2,1", "--gene", "bloom=1", *size)
    assert status == 0 and told.startswith("g1-01 in garden") and kept(tmp_path / "garden").nodes["g1-01"].recipe
    assert run("breed", "g1-01", "g0-02", "--to-sequence", "kept", *size)[1].startswith("kept.npy: 2 of the family")
    status, _, told = run("breed", "g0-01", "--weights", "x", *size)
    assert status == 2 and "--weights x" in told
