"""Whether one manifest of dbt promises everything that another one does.

    python tests/compare_promises.py before/manifest.json after/manifest.json

A promise is a data test, a unit test, or what a contract holds a table to: its columns with their
types and constraints, and its key. Prints what was lost and what came; ends with 1 where something
was lost. Nothing is to become faster by testing less.
"""

import argparse
import json
import sys
from pathlib import Path


def promises(manifest: dict) -> set[str]:
    """Every promise of a manifest, one line each."""
    found = {f"unit test {test['name']} of {test['model']}" for test in units(manifest)}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test":
            attached = node.get("attached_node") or ", ".join(sorted(node["depends_on"]["nodes"]))
            found.add(f"test {node['name']} of {attached}")
        elif node["resource_type"] == "model" and is_contracted(node):
            of = f"of {node['schema']}.{node['name']}"
            for column in node["columns"].values():
                found.add(f"column {column['name']} {column['data_type']} {of}")
                found |= {constraint(one, column["name"]) + of for one in column["constraints"]}
            found |= {
                constraint(one, ", ".join(one["columns"])) + of for one in node["constraints"]
            }
        elif node["resource_type"] == "seed":
            for column in node["columns"].values():
                meta = column["config"]["meta"]
                found |= {
                    f"{word} {column['name']} of rules.{node['name']}"
                    for word in ("is_key", "is_required")
                    if meta.get(word)
                }
    return found


def units(manifest: dict) -> list[dict]:
    return list(manifest.get("unit_tests", {}).values())


def is_contracted(node: dict) -> bool:
    """Whether dbt, or for Python models the project, keeps the contract of a model."""
    return bool(node["contract"]["enforced"] or node["config"]["meta"].get("contract"))


def constraint(one: dict, columns: str) -> str:
    return f"{one['type']} {one.get('expression') or columns} "


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    given = parser.parse_args()
    before, after = (promises(json.loads(path.read_text())) for path in (given.before, given.after))
    for word, names in (("lost", before - after), ("new", after - before)):
        for name in sorted(names):
            print(f"{word}: {name}")
    print(f"{len(before):,} promises before, {len(after):,} after")
    return 1 if before - after else 0


if __name__ == "__main__":
    sys.exit(main())
