"""A family kept as a file: who came of whom and how, with every genome.

{"latenz": "family", "version": 1, "model": ..., "model_hash": ..., "psi": ..., "nodes": [
  {"id": "g0-01", "parents": [], "from": "seed:17", "space": "z", "latent": base64 of a float32 .npy},
  {"id": "g1-01", "parents": ["g0-01"], "weights": [1.0], "cross": "mix", "mutation": 0.2, "seed": 831, "genes": {},
   "space": "z", "latent": ...}]}

A node of a conditional model has "classes", weights by number; one that was crossed layer by layer has "layers".
Parents stand before their children.
"""

import json
import re
import tokenize
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.complaints import nearest
from engine.errors import InputError
from engine.generator.base import ModelInfo
from engine.paths import part_beside
from engine.stage.outputs.picture import latent_text, read_latent
from engine.studio.breed.child import Recipe
from engine.studio.breed.cross import KINDS
from engine.studio.breed.genome import Genome
from engine.studio.breed.weights import read_number, read_weights, weights_by_number
from engine.studio.latents import MOST_SIGMA

KIND, VERSION = "family", 1
MOST_BYTES, MOST_NODES, MOST_PARENTS = 512 << 20, 10_000, 64
MOST_TEXT = 4096
MOST_NUMBER = 99_999  # in an id
ID = re.compile(r"g(\d{1,4})-(\d{2,5})")


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One of the family. recipe : None for those that came from outside, `source` says from where"""

    id: str
    genome: Genome
    recipe: Recipe | None = None
    source: str = ""

    @property
    def generation(self) -> int:
        """0 for those from outside."""
        return _numbers(self.id)[0]

    @property
    def parents(self) -> tuple[str, ...]:
        """Their ids."""
        return self.recipe.parents if self.recipe else ()


@dataclass(slots=True, eq=False)
class Family:
    """Nodes by their ids, parents first. psi : that the stills were drawn with last"""

    model: str
    model_hash: str
    psi: float = 1.0
    nodes: dict[str, Node] = field(default_factory=dict)

    def add(self, genome: Genome, generation: int, recipe: Recipe | None = None, source: str = "") -> Node:
        """A new node, with the next number of its generation. InputError where there are too many."""
        if len(self.nodes) >= MOST_NODES:
            raise InputError(f"a family of {MOST_NODES}; begin another in another folder, with the best of this one")
        node = Node(self.next_id(generation), genome, recipe, source)
        self.nodes[node.id] = node
        return node

    def next_id(self, generation: int) -> str:
        """The id that the next node of a generation gets. InputError behind the last."""
        numbers = [number for own, number in map(_numbers, self.nodes) if own == generation]
        number = max(numbers, default=0) + 1
        if number > MOST_NUMBER:
            raise InputError(f"g{generation}-{number - 1} is the last number that there is; begin another family")
        return f"g{generation}-{number:02d}"

    def find(self, id_: str) -> Node:
        """The node. InputError where there is none."""
        if id_ not in self.nodes:
            raise InputError(f"{id_}: nobody in this family{nearest(id_, list(self.nodes))}")
        return self.nodes[id_]

    def same(self, genome: Genome) -> Node | None:
        """Who has this genome, bit for bit."""
        return next((node for node in self.nodes.values() if node.genome.key == genome.key), None)

    def check(self, info: ModelInfo, path: Path) -> "Family":
        """Itself. ModelError for a family of another model."""
        if self.model_hash != info.hash:
            raise InputError(
                f"{path}: a family of {self.model} ({self.model_hash[:12]}), not of {info.name} ({info.hash[:12]}); "
                "choose another folder with -o"
            )
        for node in self.nodes.values():
            node.genome.check(info, f"{path}: {node.id}")
            layers = node.recipe.layers if node.recipe else ()
            if layers and len(layers) != info.num_ws:
                raise InputError(f"{path}: {node.id}: {len(layers)} layers; {info.name} has {info.num_ws}")
        return self


def _numbers(id_: str) -> tuple[int, int]:
    """Generation and number of an id. ValueError for what is none."""
    found = ID.fullmatch(id_)
    if not found or not id_.isascii():
        raise ValueError(f'an id "{id_[:40]}"; ids are such as g2-05')
    return int(found[1]), int(found[2])


def write_family(path: Path, family: Family) -> None:
    """Write the file anew; appears whole or not at all."""
    data: dict[str, Any] = {
        "latenz": KIND, "version": VERSION, "model": family.model, "model_hash": family.model_hash, "psi": family.psi,
    }  # fmt: skip
    lines = ",\n".join("  " + json.dumps(_row(node), ensure_ascii=False) for node in family.nodes.values())
    head = json.dumps(data, ensure_ascii=False)[:-1]
    with part_beside(path) as part:
        part.write_text(f'{head}, "nodes": [\n{lines}\n]}}\n', "utf-8")


def _row(node: Node) -> dict[str, Any]:
    row: dict[str, Any] = {"id": node.id, "parents": list(node.parents)}
    if node.source:
        row["from"] = node.source
    if node.recipe is not None:
        made = node.recipe
        row |= {"weights": list(made.weights), "cross": made.cross, "mutation": made.mutation, "seed": made.seed}
        row["genes"] = dict(made.genes)
        row |= {"layers": list(made.layers)} if made.layers else {}
        row |= {"bank": made.bank, "bank_sha256": made.bank_sha256} if made.bank else {}
    row["space"] = node.genome.space
    if node.genome.classes is not None:
        row["classes"] = weights_by_number(node.genome.classes)
        row["class_count"] = len(node.genome.classes)
    row["latent"] = latent_text(node.genome.latent)
    return row


def read_family(path: Path) -> Family | None:
    """What `write_family` wrote; None where there is no file. InputError for any other, with the node that is wrong."""
    at = ""
    try:
        if not path.is_file():
            return None
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"larger than {MOST_BYTES >> 20} MB")
        data = json.loads(path.read_text("utf-8"))
        if not isinstance(data, dict) or data.get("latenz") != KIND or data.get("version") != VERSION:
            raise ValueError(f'no {{"latenz": "{KIND}", "version": {VERSION}}}')
        rows = data["nodes"]
        if not isinstance(rows, list) or len(rows) > MOST_NODES:
            raise ValueError(f"nodes are a list of at most {MOST_NODES}")
        family = Family(_text(data, "model"), _text(data, "model_hash"), read_number(data["psi"], -4.0, 4.0))
        for n, row in enumerate(rows):
            at = f": node {n + 1}"
            node = _node(row, family)
            family.nodes[node.id] = node
        return family
    except (
        OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError, tokenize.TokenError,
    ) as error:  # fmt: skip
        said = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise InputError(f"{path}{at}: not as latenz writes a family ({said})") from None


def _node(row: dict[str, Any], family: Family) -> Node:
    id_ = _text(row, "id")
    generation = _numbers(id_)[0]
    if id_ in family.nodes:
        raise ValueError(f"{id_} twice")
    if row["space"] not in ("z", "w"):
        raise ValueError(f'{id_}: a space that is neither "z" nor "w"')
    latent = read_latent(_text(row, "latent", 1 << 23))
    genome = Genome(row["space"], latent, read_weights(row.get("classes"), row.get("class_count", 0)))
    parents = row["parents"]
    if not isinstance(parents, list) or len(parents) > MOST_PARENTS:
        raise ValueError(f"{id_}: parents are a list of at most {MOST_PARENTS}")
    for parent in parents:
        if not isinstance(parent, str) or parent not in family.nodes:
            raise ValueError(f"{id_}: a parent that does not stand before it")
    if bool(parents) != (generation > 0) or any(_numbers(p)[0] >= generation for p in parents):
        raise ValueError(f"{id_}: parents are of generations before its own")
    return Node(id_, genome, _recipe(row, tuple(parents), id_) if parents else None, _text(row, "from", optional=True))


def _recipe(row: dict[str, Any], parents: tuple[str, ...], id_: str) -> Recipe:
    weights = tuple(read_number(weight, 0.0, 1.0) for weight in row["weights"])
    layers = tuple(row.get("layers", ()))
    genes = tuple((_written(name), read_number(sigma, -MOST_SIGMA, MOST_SIGMA)) for name, sigma in row["genes"].items())
    if len(weights) != len(parents) or abs(sum(weights) - 1.0) > 1e-6:
        raise ValueError(f"{id_}: {len(weights)} weights for {len(parents)} parents, or not of the sum 1")
    if row["cross"] not in KINDS or any(type(n) is not int or not 0 <= n < len(parents) for n in layers):
        raise ValueError(f"{id_}: crossed in no way that latenz knows")
    if type(row["seed"]) is not int or not 0 <= row["seed"] < 2**32:
        raise ValueError(f"{id_}: a seed that is none")
    return Recipe(
        parents, weights, row["cross"], layers, read_number(row["mutation"], 0.0, 1.0), row["seed"], genes,
        _text(row, "bank", optional=True), _text(row, "bank_sha256", optional=True),
    )  # fmt: skip


def _text(row: dict[str, Any], key: str, most: int = MOST_TEXT, optional: bool = False) -> str:
    text = row.get(key, "") if optional else row[key]
    if not isinstance(text, str) or len(text) > most:
        raise ValueError(f'"{key}" is no text of at most {most} characters')
    return _written(text)


def _written(text: str) -> str:
    """The text. ValueError for half a surrogate pair, which JSON can hold and no file of ours."""
    text.encode()
    return text
