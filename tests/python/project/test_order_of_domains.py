"""The house: a domain reads only domains before it, and a floor of `src` only those below it."""

import ast
import copy
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from conftest import ROOT

# each row reads those above it; two of one row do not read each other
DOMAINS = [
    {"calendar"},
    {"sales"},
    {"deliveries", "inventory", "reputation", "support", "pricing"},
    {"customers"},
    {"marketing", "experiments", "recommendations"},
    {"monitoring"},
    {"actions"},
    {"quality"},
]
RANK = {domain: rank for rank, row in enumerate(DOMAINS) for domain in row}
# the floors of src/retail_analytics, from the ground up; the domains stand on one, in their order
FLOORS = [
    {"storage"},
    {"statistics"},
    set(RANK),
    {"sample", "inputs"},
    {"warehouse"},
    {"serving"},
    {"cli"},
]
FLOOR = {place: number for number, row in enumerate(FLOORS) for place in row}
# the maths gets frames and arrays: what an engine is, only these floors know
ENGINES = {"duckdb", "pyspark", "dbt"}
PACKAGE = ROOT / "src" / "retail_analytics"


def domain_of(node: dict) -> str | None:
    """The folder of a model or rule table; None for staging, which belongs to nobody."""
    folders = Path(node["original_file_path"]).parts
    return None if "staging" in folders or folders[0] not in HOLDERS else folders[-2]


HOLDERS = {"models", "python_models", "seeds"}


def forbidden_reads(manifest: dict) -> list[str]:
    """Each model that reads a later domain, or another of its own row."""
    found = []
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or not (reader := domain_of(node)):
            continue
        for parent in node["depends_on"]["nodes"]:
            read = domain_of(manifest["nodes"].get(parent, {"original_file_path": "sources/x"}))
            if read and read != reader and RANK[read] >= RANK[reader]:
                found.append(f"{node['name']} ({reader}) reads {parent.split('.')[-1]} ({read})")
    return found


def imports(package: Path = PACKAGE) -> Iterator[tuple[str, str]]:
    """Each file of the package with each module that it imports, by their dotted names."""
    for path in sorted(package.rglob("*.py")):
        name = ".".join(path.relative_to(package).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((name, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield name, "." * node.level + (node.module or "")


def forbidden_imports(found: list[tuple[str, str]]) -> list[str]:
    """Each import that goes up the floors, to a later domain, or within the package by dots."""
    wrong = []
    for reader, read in found:
        place, *_ = reader.split(".")
        if read.startswith("."):
            wrong.append(f"{reader} imports {read} by dots")
        if not read.startswith("retail_analytics.") or place == "__init__":
            continue
        target = read.split(".")[1]
        is_up = FLOOR[target] > FLOOR[place]
        is_later = target in RANK and place in RANK and RANK[target] >= RANK[place]
        if target != place and (is_up or is_later):
            wrong.append(f"{reader} imports {read}")
    return wrong


def test_a_domain_reads_only_domains_before_it(manifest: dict) -> None:
    assert forbidden_reads(manifest) == []


def test_a_read_of_a_later_domain_is_found(manifest: dict) -> None:
    tampered = copy.deepcopy(manifest)
    node = tampered["nodes"]["model.retail_analytics.orders"]
    node["depends_on"]["nodes"].append("model.retail_analytics.customer_rfm")
    assert forbidden_reads(tampered) == ["orders (sales) reads customer_rfm (customers)"]
    node["depends_on"]["nodes"][-1] = "model.retail_analytics.recommended_actions"
    assert len(forbidden_reads(tampered)) == 1


def test_every_folder_is_a_domain_of_the_order() -> None:
    folders = {
        path.name
        for pattern in (
            "models/marts/*",
            "models/intermediate/*",
            "python_models/*",
            "seeds/rules/*",
            "tests/singular/*",
        )
        for path in ROOT.glob(pattern)
        if path.is_dir()
    }
    assert folders - set(RANK) == set()


def test_imports_go_down_the_floors() -> None:
    assert forbidden_imports(list(imports())) == []


@pytest.mark.parametrize(
    ("reader", "read"),
    [
        ("statistics.trend", "retail_analytics.customers.rfm"),
        ("deliveries.series", "retail_analytics.inventory.levels"),
        ("customers.rfm", "retail_analytics.marketing.mix"),
        ("inputs.load", "retail_analytics.warehouse.publish"),
        ("customers.rfm", ".clusters"),
    ],
)
def test_an_import_that_goes_up_is_found(reader: str, read: str) -> None:
    assert len(forbidden_imports([(reader, read)])) == 1


def test_the_package_root_holds_the_command_alone() -> None:
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "cli.py"}
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir()} - set(FLOOR) <= {
        "__pycache__"
    }


def test_the_maths_knows_no_engine() -> None:
    below = {place for place, floor in FLOOR.items() if 0 < floor <= FLOOR["customers"]}
    assert [
        f"{reader} imports {read}"
        for reader, read in imports()
        if reader.split(".")[0] in below and read.split(".")[0] in ENGINES
    ] == []


def longest_way(manifest: dict, *, start: str, end: str) -> list[str]:
    """The longest chain of tables from one node to another, both named in it."""

    @cache
    def way(node: str) -> tuple[str, ...]:
        if node == start:
            return (node,)
        parents = manifest["nodes"].get(node, {}).get("depends_on", {}).get("nodes", [])
        longest = max((way(parent) for parent in parents), key=len, default=())
        return (*longest, node) if longest else ()

    return [node.split(".")[-1] for node in way(end)]


def test_lifetime_values_are_eleven_tables_away_from_the_orders_at_most(manifest: dict) -> None:
    way = longest_way(
        manifest,
        start="source.retail_analytics.raw.orders",
        end="model.retail_analytics.customer_lifetime_values",
    )
    assert way[:2] == ["orders", "stg_orders"]
    assert len(way) - 1 <= 11, way
