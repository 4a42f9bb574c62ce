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


def repeated_keys(text: str) -> list[str]:
    """The keys that a mapping of a YAML document has twice; YAML keeps the last in silence."""
    found = []

    def look(node: yaml.Node) -> None:
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            found.extend(key for key in set(keys) if keys.count(key) > 1)
            for _, value in node.value:
                look(value)
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                look(value)

    look(yaml.compose(text))
    return found


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: path.name)
def test_no_key_stands_there_twice(path: Path) -> None:
    assert repeated_keys(path.read_text()) == []


def test_a_repeated_key_is_found() -> None:
    text = "unit_tests: []\nmodels: [{a: 1, a: 2}]\nunit_tests: []"
    assert repeated_keys(text) == ["unit_tests", "a"]


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
