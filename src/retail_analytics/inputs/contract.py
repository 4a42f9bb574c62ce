"""The input contract, `models/staging/_inputs.yml`, for code that runs without dbt."""

from pathlib import Path

from retail_analytics.storage.yaml_files import read_yaml

CONTRACT_FILE = Path("models", "staging", "_inputs.yml")


def contract_file() -> Path:
    """The file of the project that this package lies in, else of the project one stands in."""
    beside = Path(__file__).parents[3] / CONTRACT_FILE
    return beside if beside.exists() else CONTRACT_FILE


def read_tables(path: Path | None = None) -> list[dict]:
    """The input tables as dbt's YAML has them: name, description, config, columns.

    Raises FileNotFoundError where there is no project.
    """
    sources = read_yaml(path or contract_file())["sources"]
    (raw,) = [source for source in sources if source["name"] == "raw"]
    return raw["tables"]


def input_table_names() -> tuple[str, ...]:
    """The names of the input tables, in their order."""
    return tuple(table["name"] for table in read_tables())
