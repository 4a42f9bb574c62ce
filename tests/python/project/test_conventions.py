"""What the project promises about itself, checked over dbt's manifest of it."""

import copy
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from bad_rows import fates
from build_files import read_build
from conftest import ROOT, YAML_FILES, Built

from retail_analytics.inputs.contract import input_table_names

# the one test of the keys and required columns of all rule tables
RULE_PROMISES = "every_rule_table_keeps_its_promises"
INPUT_TYPES = {"text", "date", "timestamp", "decimal", "count", "boolean"}
# layer: what it may read. An intermediate step may stand between two marts; dbt refuses cycles.
MAY_READ = {
    "staging": {"raw", "staging"},
    "intermediate": {"load", "staging", "intermediate", "marts", "learned", "rules"},
    "learned": {"staging", "intermediate", "marts", "learned", "rules"},
    "marts": {"staging", "intermediate", "marts", "learned", "rules"},
    "quality": {"raw", "load", "staging", "intermediate", "marts", "learned", "rules"}
    | {"quality"},
}


def of_type(manifest: dict, *types: str) -> list[dict]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] in types]


def layer(node: dict) -> str:
    """The floor of the house that a model, seed or source stands on."""
    if node["resource_type"] == "source":
        return node["source_name"]
    folders = Path(node["original_file_path"]).parts
    if folders[0] == "python_models":
        return "learned"
    return folders[1]


def tables(manifest: dict) -> list[dict]:
    """Everything that holds rows and is described in YAML."""
    return [*of_type(manifest, "model", "seed"), *manifest["sources"].values()]


def sql_models(manifest: dict) -> list[dict]:
    return [node for node in of_type(manifest, "model") if node["language"] == "sql"]


def input_columns(manifest: dict) -> Iterator[tuple[str, dict, dict]]:
    """Each column of each input table, with the staging model that reads it."""
    for source in manifest["sources"].values():
        if source["source_name"] == "raw":
            staging = manifest["nodes"][f"model.retail_analytics.stg_{source['name']}"]
            for column in source["columns"].values():
                yield f"{source['name']}.{column['name']}", column, staging


def kind_of_test(test: dict) -> str:
    """The name of the generic test, or `singular`."""
    return test.get("test_metadata", {}).get("name", "singular")


def key_columns(node: dict) -> list[str]:
    """The columns of the primary key, declared for the table or for one column."""
    of_table = [c["columns"] for c in node["constraints"] if c["type"] == "primary_key"]
    of_columns = [
        name
        for name, column in node["columns"].items()
        if any(constraint["type"] == "primary_key" for constraint in column["constraints"])
    ]
    return sum(of_table, of_columns)


def test_every_table_says_what_one_row_of_it_is(manifest: dict) -> None:
    assert [
        table["unique_id"]
        for table in tables(manifest)
        if not re.match(r"One row( per |, )", table["description"])
    ] == []


def test_every_column_is_described(manifest: dict) -> None:
    assert [
        f"{table['name']}.{name}"
        for table in tables(manifest)
        for name, column in table["columns"].items()
        if not re.fullmatch(r".*[.!?)]\s*", column["description"], re.DOTALL)
    ] == []
    assert [table["name"] for table in tables(manifest) if not table["columns"]] == []


def test_what_is_said_of_a_column_in_many_tables_stands_once() -> None:
    """In models/columns.md, as a block that `doc()` reads; the inputs' own words in _inputs.yml."""
    said = Counter(
        (column["name"], column["description"])
        for path in YAML_FILES
        if "staging" not in path.parts
        for model in yaml.safe_load(path.read_text()).get("models", [])
        for column in model["columns"]
    )
    is_block = re.compile(r"\{\{ doc\('(\w+)'\) \}\}")
    assert {
        told: count for told, count in said.items() if count > 4 and not is_block.fullmatch(told[1])
    } == {}
    blocks = re.findall(r"\{% docs (\w+) %\}", (ROOT / "models" / "columns.md").read_text())
    used = {name for _, text in said for name in is_block.findall(text)}
    # what staging says of every row
    assert set(blocks) == used | {"row_number", "reasons", "row_status"}


def test_every_column_is_typed(manifest: dict) -> None:
    assert [
        f"{table['name']}.{name}"
        for table in tables(manifest)
        for name, column in table["columns"].items()
        if not column["data_type"] and layer(table) != "raw"
    ] == []
    assert [
        name
        for name, column, _ in input_columns(manifest)
        if column["meta"].get("type") not in INPUT_TYPES
        or column["meta"].get("is_required") not in (True, False)
    ] == []


def test_every_table_has_the_columns_of_its_yaml_in_that_order(
    sample_warehouse: Built, manifest: dict
) -> None:
    built: dict[str, list[str]] = {}
    with read_build(sample_warehouse.warehouse) as con:
        for table, column, data_type in con.execute(
            "select schema_name || '.' || table_name, column_name, lower(data_type) "
            "from duckdb_columns() order by schema_name, table_name, column_index"
        ).fetchall():
            built.setdefault(table, []).append(f"{column} {data_type}")
    documented = {
        f"{node['schema']}.{node['alias']}": [
            f"{name} {column['data_type'].lower()}" for name, column in node["columns"].items()
        ]
        for node in sql_models(manifest)
    }
    checked = sorted(built.keys() & documented.keys())
    assert len(checked) > 40
    assert [(name, built[name]) for name in checked] == [(n, documented[n]) for n in checked]


def test_every_model_has_a_yaml_of_its_name_beside_it(manifest: dict) -> None:
    assert [
        node["name"]
        for node in of_type(manifest, "model")
        if (node["patch_path"] or "").split("://")[-1]
        != str(Path(node["original_file_path"]).with_suffix(".yml"))
        or Path(node["original_file_path"]).stem != node["name"]
    ] == []


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: path.name)
def test_a_yaml_file_keeps_the_order_of_the_house(path: Path) -> None:
    """Description, settings, columns, tests of the table, unit tests; one model a file."""
    order = ["name", "description", "config", "constraints", "time_spine", "columns", "data_tests"]
    document = yaml.safe_load(path.read_text())
    models = document.get("models", [])
    for model in models:
        assert [key for key in order if key in model] == list(model)
    if models:
        assert list(document) in (["version", "models"], ["version", "models", "unit_tests"])
        assert [model["name"] for model in models] == [path.stem]
    assert {test["model"] for test in document.get("unit_tests", [])} <= {path.stem}


def test_every_table_that_people_read_is_keyed_and_contracted(manifest: dict) -> None:
    public = [n for n in of_type(manifest, "model") if layer(n) in ("marts", "quality", "learned")]
    assert [node["name"] for node in public if not key_columns(node)] == []
    assert [
        node["name"] for node in public if not set(key_columns(node)) <= set(node["columns"])
    ] == []
    assert [
        f"{node['name']}.{column}"
        for node in of_type(manifest, "model")
        for column in key_columns(node)
        if "not_null" not in {kind["type"] for kind in node["columns"][column]["constraints"]}
    ] == []
    assert [
        node["name"]
        for node in public
        if not (
            node["config"]["meta"].get("contract")
            if node["language"] == "python"
            else node["config"]["contract"]["enforced"]
        )
    ] == []


def unchecked_bounds(manifest: dict) -> list[str]:
    """Each estimate with `_lower` and `_upper` that no constraint of a contract holds between them.

    Where only the bounds have the name (`value_lower` of `expected_value`), some column between
    them does, or their order.
    """
    found = []
    for node in of_type(manifest, "model"):
        columns = node["columns"]
        constraints = node["constraints"] + [
            constraint for column in columns.values() for constraint in column["constraints"]
        ]
        checks = " and ".join(c["expression"] for c in constraints if c["expression"])
        for lower in columns:
            name = lower.removesuffix("_lower")
            upper = f"{name}_upper"
            if name == lower or upper not in columns or layer(node) in ("staging", "intermediate"):
                continue
            between = [name] if name in columns else list(columns)
            held = name not in columns and re.search(rf"\b{lower} <= {upper}\b", checks)
            if not held and not any(
                re.search(rf"\b{x} between {lower} and {upper}\b", checks)
                or (
                    re.search(rf"\b{lower} <= {x}\b", checks)
                    and re.search(rf"\b{x} <= {upper}\b", checks)
                )
                for x in between
            ):
                found.append(f"{node['name']}.{name}")
    return found


def test_an_estimate_lies_between_its_bounds(manifest: dict) -> None:
    assert unchecked_bounds(manifest) == []


def test_bounds_without_their_check_are_found(manifest: dict) -> None:
    tampered = copy.deepcopy(manifest)
    for name in ("customer_churn_risks", "customer_lifetime_values"):
        tampered["nodes"][f"model.retail_analytics.{name}"]["constraints"] = []
    assert sorted(unchecked_bounds(tampered)) == [
        "customer_churn_risks.no_purchase_probability",
        "customer_lifetime_values.orders",
        "customer_lifetime_values.value",
    ]


def test_every_metric_is_parsed_described_and_has_a_unit(manifest: dict) -> None:
    # metrics in the newer form are parsed to nothing, without a word
    written = [
        metric["name"]
        for path in YAML_FILES
        for metric in yaml.safe_load(path.read_text()).get("metrics", [])
    ]
    metrics = list(manifest["metrics"].values())
    assert sorted(metric["name"] for metric in metrics) == sorted(written)
    assert len(written) >= 20
    assert [m["name"] for m in metrics if not m["description"].endswith(".")] == []
    assert [m["name"] for m in metrics if not m["config"]["meta"].get("unit")] == []


def test_every_dashboard_is_an_exposure_with_the_tables_it_reads(manifest: dict) -> None:
    names = {node["name"] for node in of_type(manifest, "model")}
    read = {
        f"dashboard_{page.stem}": sorted(
            # meta is written when a build is published, not by a model
            set(re.findall(r"\b(?:marts|quality)\.(\w+)", page.read_text())) & names
        )
        for page in (ROOT / "dashboards").glob("*.yml")
    }
    assert {
        exposure["name"]: sorted(node.split(".")[-1] for node in exposure["depends_on"]["nodes"])
        for exposure in manifest["exposures"].values()
    } == read


def test_a_learned_table_is_compared_with_its_yaml(manifest: dict) -> None:
    # macros/platform/py_write_table.sql writes them all: it is enough to see that it is in use
    compared = {
        test["attached_node"]
        for test in of_type(manifest, "test")
        if kind_of_test(test) == "columns_match_yaml"
    }
    assert any(layer(manifest["nodes"][unique_id]) == "learned" for unique_id in compared)


def test_every_rule_table_is_keyed_and_read_by_a_model(manifest: dict) -> None:
    keyed = {
        parent
        for test in of_type(manifest, "test")
        # a key of several columns has a singular test of its own
        if kind_of_test(test) in ("unique", "singular")
        for parent in test["depends_on"]["nodes"]
    } | {
        node["unique_id"]
        for node in of_type(manifest, "seed")
        if any(column["config"]["meta"].get("is_key") for column in node["columns"].values())
    }
    (promises,) = [t for t in of_type(manifest, "test") if t["name"] == RULE_PROMISES]
    read = {parent for node in of_type(manifest, "model") for parent in node["depends_on"]["nodes"]}
    seeds = {node["unique_id"] for node in of_type(manifest, "seed")}
    assert seeds - keyed == set()
    assert seeds - read == set()
    # the test that holds every table to its YAML names them all
    assert seeds == set(promises["depends_on"]["nodes"])


def reads_upwards(manifest: dict) -> list[str]:
    """Each model that reads what its layer may not."""
    nodes = {**manifest["nodes"], **manifest["sources"]}
    return [
        f"{node['name']} ({layer(node)}) reads {nodes[parent]['name']} ({layer(nodes[parent])})"
        for node in of_type(manifest, "model")
        for parent in node["depends_on"]["nodes"]
        if layer(nodes[parent]) not in MAY_READ[layer(node)]
    ]


def test_layers_only_read_downwards(manifest: dict) -> None:
    assert reads_upwards(manifest) == []


@pytest.mark.parametrize(
    ("reader", "read", "said"),
    [
        ("stg_orders", "model.{}.orders", "stg_orders (staging) reads orders (marts)"),
        ("int_as_of", "source.{}.raw.orders", "int_as_of (intermediate) reads orders (raw)"),
        ("orders", "source.{}.raw.orders", "orders (marts) reads orders (raw)"),
        ("orders", "model.{}.rejected_rows", "orders (marts) reads rejected_rows (quality)"),
        ("model_fits", "model.{}.erasures", "model_fits (learned) reads erasures (quality)"),
    ],
)
def test_a_read_of_a_higher_layer_is_found(
    manifest: dict, reader: str, read: str, said: str
) -> None:
    tampered = copy.deepcopy(manifest)
    node = tampered["nodes"][f"model.retail_analytics.{reader}"]
    node["depends_on"]["nodes"].append(read.format("retail_analytics"))
    assert reads_upwards(tampered) == [said]


def test_an_input_has_a_staging_model_and_its_rows_are_read_by_who_asks_for_kept_ones(
    manifest: dict,
) -> None:
    inputs = [s["name"] for s in manifest["sources"].values() if s["source_name"] == "raw"]
    staging = {node["name"] for node in of_type(manifest, "model") if layer(node) == "staging"}
    assert staging == {f"stg_{name}" for name in inputs}
    # a row that was rejected must not slip into a figure: all others read `kept('<input>')`
    assert [
        node["name"]
        for node in of_type(manifest, "model")
        if layer(node) not in ("staging", "quality")
        and re.search(r"ref\(\s*['\"]stg_", node["raw_code"])
        and not {"row_status", "reasons"} & set(re.findall(r"\w+", node["raw_code"]))
    ] == []


def test_what_follows_from_the_input_contract_is_as_it_says() -> None:
    script = [sys.executable, str(ROOT / "docs" / "make_inputs.py"), "--check"]
    run = subprocess.run(script, capture_output=True, text=True)
    assert run.returncode == 0, f"run python docs/make_inputs.py: {run.stdout}"


def test_every_input_has_good_and_bad_rows() -> None:
    assert set(input_table_names()) == {table for table, *_ in fates()} | {
        # a file with a header and nothing else
        "experiment_assignments"
    }


def test_no_model_configures_itself(manifest: dict) -> None:
    assert [
        node["name"]
        for node in of_type(manifest, "model")
        if re.search(r"\bconfig\(", node["raw_code"])
    ] == []


def test_every_model_that_people_read_or_that_has_rules_has_unit_tests(manifest: dict) -> None:
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    assert [
        node["name"]
        for node in sql_models(manifest)
        if node["name"] not in tested
        # what reads no table has no rows to be given
        and node["depends_on"]["nodes"]
        and (
            layer(node) in ("staging", "marts", "quality")
            or re.search(r"^-- 1\. ", node["raw_code"], re.MULTILINE)
        )
    ] == []


def test_every_var_says_why(manifest: dict) -> None:
    lines = (
        (ROOT / "dbt_project.yml").read_text().split("\nvars:\n")[1].split("\n\n")[0].splitlines()
    )
    names = [i for i, line in enumerate(lines) if re.match(r"  \w+:", line)]
    assert len(names) == len(yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"])
    assert [lines[i] for i in names if i == 0 or not lines[i - 1].lstrip().startswith("# ")] == []


def test_every_input_column_is_judged(manifest: dict) -> None:
    expected = {
        "missing": lambda meta: meta["is_required"],
        "unreadable": lambda meta: meta["type"] != "text",
        "implausible": lambda meta: meta["type"] in ("date", "timestamp"),
        "invalid": lambda meta: {"minimum", "above", "maximum"} & set(meta),
    }
    assert [
        f"{name}: {fault}"
        for name, column, staging in input_columns(manifest)
        for fault, is_expected in expected.items()
        if is_expected(column["meta"])
        and f"'{fault}_{column['name']}'" not in staging["compiled_code"]
    ] == []


def test_a_time_becomes_a_day_in_the_shop_s_zone(manifest: dict) -> None:
    """`shop_day('x_at')`; a cast alone would give the day in UTC (macros/shop_time.sql)."""
    # already on the shop's clocks
    is_local = {"first_event_at", "last_event_at"}
    assert [
        f"{node['name']}: {found[0]}"
        for node in sql_models(manifest)
        for found in re.finditer(
            r"cast\(\s*(?:[a-z_]+\.)?([a-z_]+_at) as date\)|"
            r"date_trunc\('(?:day|week|month|quarter|year)', (?:[a-z_]+\.)?([a-z_]+_at)\)",
            node["raw_code"],
        )
        if not {found[1], found[2]} & is_local
    ] == []


def test_every_decision_has_a_heading_with_its_day_and_a_reason() -> None:
    text = (ROOT / "docs" / "decisions.md").read_text("utf-8")
    decisions = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    assert [
        heading
        for heading, _, why in (decision.partition("\n") for decision in decisions)
        if not re.fullmatch(r"20\d\d-\d\d-\d\d: \S.+", heading)
        # a reason, or a table of what was tried
        or not re.search(r"^(Why: |\|)", why, re.MULTILINE)
    ] == []
