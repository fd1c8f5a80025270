"""Prints what commands found: a tree for people, or JSON and nothing else."""

import json
import sys
from collections.abc import Iterable
from typing import Any

from engine.errors import printable
from engine.studio.signals import Look, as_row

MARKS = {"ok": "[green]ok[/]", "limited": "[yellow]limited[/]", "missing": "[red]missing[/]"}


def print_json(data: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(data, indent=1) + "\n")


def print_tree(data: dict[str, Any], as_json: bool) -> None:
    """A table of names and values, nested ones indented."""
    if as_json:
        print_json(data)
        return
    from rich.console import Console
    from rich.tree import Tree

    def grow(tree: Tree, value: Any) -> None:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value, 1):
            name = f"[bold]{_escaped(str(key))}[/]"
            inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
            if not all(_is_short(x) for x in inner):
                grow(tree.add(name), item)
            elif isinstance(item, dict):
                pairs = (f"{k} {_text(v)}" for k, v in item.items() if v not in (None, "", []))
                tree.add(f"{name}  {_escaped('  '.join(pairs))}")
            elif item not in (None, "", []):
                tree.add(f"{name}  {_escaped(_text(item))}")

    root = Tree(_escaped(str(data.get("title") or data.get("name") or data.get("kind") or data.get("model") or "")))
    grow(root, data)
    Console().print(root)


def _escaped(text: str) -> str:
    """A text that may be a stranger's: no markup, no control characters."""
    from rich.markup import escape

    return escape(printable(text))


def _is_short(value: Any) -> bool:
    """True for what fits beside its name: a value, or a list of values."""
    return all(not isinstance(x, dict | list) for x in (value if isinstance(value, list) else [value]))


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def print_findings(rows: list[dict[str, str]], as_json: bool) -> None:
    """What the doctor found."""
    if as_json:
        print_json(rows)
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("", "", "found", "what mends it"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(row["what"], MARKS[row["state"]], escape(row["found"]), escape(row["remedy"]))
    Console().print(table)


def watch(looks: Iterable[Look], as_json: bool, learn: bool) -> None:
    """Show looks as they come: a live table, or a line of JSON each."""
    if as_json or learn or not sys.stdout.isatty():
        for look in looks:
            if as_json:
                sys.stdout.write(json.dumps(as_row(look)) + "\n")
            elif look.touched:
                sys.stdout.write(look.touched + "\n")
            elif not learn and look.events:
                sys.stdout.write("\n".join(look.events) + "\n")
            sys.stdout.flush()
        return
    from rich.live import Live

    with Live(refresh_per_second=10, screen=False) as live:
        for look in looks:
            live.update(_table(look))


def _table(look: Look) -> Any:
    from rich.table import Table

    table = Table(title="  ".join(f"{name} {row['state']}" for name, row in look.sources.items()), box=None)
    for name in ("signal", "value", "", "came", "age"):
        table.add_column(name, justify="left" if name in ("signal", "") else "right")
    newest = sorted(look.levels.items(), key=lambda item: item[1][2])[:40]
    for address, (value, count, age_s) in sorted(newest):
        bar = "#" * int(20 * min(1.0, abs(value)))
        table.add_row(address, f"{value:.3f}", bar, str(count), f"{age_s:.1f} s" if age_s < 1e6 else "")
    if look.events:
        table.caption = "  ".join(dict.fromkeys(look.events))
    return table
