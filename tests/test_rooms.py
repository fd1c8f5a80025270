"""The walls of the house, as a test over the imports."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEETS = ("engine.show", "engine.cli", "engine.preset", "engine.script", "engine.studio")  # where the halves meet
HEAVY = {"torch", "moderngl", "glfw", "openvino"}


def imports(path: Path) -> set[str]:
    """Every module a file imports, at any depth."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{name.name}" for name in node.names)
    return found


def rooms(package: str) -> list[tuple[str, Path]]:
    return [
        (".".join(path.relative_to(ROOT).with_suffix("").parts), path)
        for path in sorted((ROOT / package).rglob("*.py"))
    ]


def within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == p or module.startswith(p + ".") for p in packages)


def test_mappings_knows_no_engine_no_torch_and_no_opengl() -> None:
    for name, path in rooms("mappings"):
        for module in imports(path):
            assert not within(module, ("engine", *HEAVY)), f"{name} imports {module}: mappings must not know it"


def test_only_the_meeting_rooms_of_engine_know_mappings() -> None:
    for name, path in rooms("engine"):
        if within(name, MEETS):
            continue
        for module in imports(path):
            assert not within(module, ("mappings",)), f"{name} imports {module}: only {', '.join(MEETS)} may"


def test_no_live_room_imports_the_studio() -> None:
    for name, path in rooms("engine"):
        if within(name, ("engine.studio", "engine.cli")):
            continue
        for module in imports(path):
            assert not within(module, ("engine.studio",)), f"{name} imports {module}: the studio is before the show"


def test_latent_is_pure_numpy() -> None:
    for name, path in rooms("engine/latent"):
        for module in imports(path):
            assert not within(module, (*HEAVY, "engine.stage", "engine.show")), f"{name} imports {module}"


def test_nothing_unpickles_or_evaluates() -> None:
    for name, path in (*rooms("engine"), *rooms("mappings")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec", "compile"), f"{name}:{node.lineno} calls {node.func.id}"
        assert not within("pickle", tuple(imports(path))), f"{name} imports pickle"


def test_the_top_level_is_the_fixed_one() -> None:
    allowed = {
        "engine", "mappings", "shaders", "presets", "tests", "docs", "scripts", ".ci", ".gitignore", "pyproject.toml",
        "README.md", "CHANGELOG.md", "LICENSE", "constraints.txt",
    }  # fmt: skip
    ignored = {
        ".git",
        ".pytest_cache",
        ".hypothesis",
        ".mypy_cache",
        ".ruff_cache",
        "dist",
        "build",
        ".venv",
        "venv",
        "out",
    }
    assert {p.name for p in ROOT.iterdir()} - ignored <= allowed
