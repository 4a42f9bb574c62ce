"""No YAML file of the project has a key that dbt would pass over in silence."""

from pathlib import Path

import pytest
import yaml
from conftest import ROOT, YAML_FILES
from dbt.jsonschemas.jsonschemas import CustomDraft7Validator, project_schema, resources_schema

# dbt refuses unknown keys of these itself; its schema knows only their newer form, which 1.11
# parses to nothing
CHECKED_BY_DBT = {"metrics", "semantic_models"}


def unknown_keys(document: dict, schema: dict) -> list[str]:
    errors = CustomDraft7Validator(schema).iter_errors(document)
    return [f"{list(error.path)}: {error.message}" for error in errors]


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: path.name)
def test_every_yaml_key_is_one_dbt_knows(path: Path) -> None:
    # dbt itself checks this for four other databases only, and passes a misspelt key in silence
    document = yaml.safe_load(path.read_text())
    checked = {key: value for key, value in document.items() if key not in CHECKED_BY_DBT}
    assert unknown_keys(checked, resources_schema()) == []


def test_every_key_of_the_project_file_is_one_dbt_knows() -> None:
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    assert unknown_keys(project, project_schema()) == []


def test_a_misspelt_yaml_key_is_found() -> None:
    column = {"name": "a", "data_tets": ["unique"]}
    errors = unknown_keys({"models": [{"name": "m", "columns": [column]}]}, resources_schema())
    assert ["data_tets" in error for error in errors] == [True]
