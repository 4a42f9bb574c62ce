"""SQL text made from names, values and paths."""

from pathlib import Path


def glob_escaped(path: Path) -> str:
    """An absolute path in which DuckDB takes no character for a wild card."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path.resolve()))


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
