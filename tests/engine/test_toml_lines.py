"""Every key of a show is found on its line."""

import tomllib

from engine.toml_lines import line_of, lines

TEXT = '''title = "x"

[generator]
model = "silk"
size = [
  1,
  2,
]

[sources.market]
file = "a.csv"

[[route]]
from = "/a"
to = "/b"

[[route]]
"from" = "/c"   # [[route]]
to = """
[generator]
"""

[[voice]]
[voice.motion]
damping = 1

[[voice]]
[voice.motion]
damping = 2

[controls]
"/motion/damping" = 0.5
'''


def test_keys_are_found() -> None:
    tomllib.loads(TEXT)
    found = lines(TEXT)
    for place, line in {
        ("title",): 1,
        ("generator",): 3,
        ("generator", "size"): 5,
        ("sources", "market", "file"): 11,
        ("route", 0, "to"): 15,
        ("route", 1, "from"): 18,
        ("voice", 1, "motion", "damping"): 29,
        ("controls", "/motion/damping"): 32,
    }.items():
        assert found[place] == line, place


def test_an_unknown_key_is_placed_at_its_table() -> None:
    found = lines(TEXT)
    assert line_of(found, ("route", 1, "shape")) == 17
    assert line_of(found, ("nowhere",)) == 1


ARRAYS = '''banks = ["a", "b"]
rows = [  # ["no", "element"]
  "x = 1, ]",
  [1,
   2],

  { a = "}" },  """
key = 3
""",
  '', "",
  "\\"]" ]
nested = [
  ["generator"],
]
after = 1
open = [
  "a",
'''


def test_elements_of_arrays_are_found_and_nothing_within_them_is_a_key() -> None:
    found = lines(ARRAYS)
    assert found == {
        ("banks",): 1, ("banks", 0): 1, ("banks", 1): 1,
        ("rows",): 2, ("rows", 0): 3, ("rows", 1): 4, ("rows", 2): 7, ("rows", 3): 7, ("rows", 4): 10,
        ("rows", 5): 10, ("rows", 6): 11,
        ("nested",): 12, ("nested", 0): 13, ("after",): 15, ("open",): 16, ("open", 0): 17,
    }  # fmt: skip
    tomllib.loads(ARRAYS.partition("open")[0])
    assert line_of(found, ("banks", 7)) == 1
