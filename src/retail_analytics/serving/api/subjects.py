"""What programs may ask: every tool of MCP and endpoint of HTTP, as subjects.yml declares them."""

from pathlib import Path

from retail_analytics.serving.api.reads import Parameter, Section, Subject
from retail_analytics.storage.yaml_files import read_yaml


def read_subjects(file: Path) -> tuple[Subject, ...]:
    """The subjects of a file; TypeError for a word that a subject does not have."""
    declared = read_yaml(file)
    return tuple(
        Subject(
            **subject
            | {
                "parameters": tuple(map(read_parameter, subject.get("parameters", []))),
                "sections": tuple(map(read_section, subject["sections"])),
            }
        )
        for subject in declared
    )


def read_parameter(declared: dict) -> Parameter:
    return Parameter(**{name: as_tuple(value) for name, value in declared.items()})


def read_section(declared: dict) -> Section:
    filters = {name: as_tuple(how) for name, how in declared.get("filters", {}).items()}
    given = {name: as_tuple(value) for name, value in declared.items()}
    return Section(**{"order": ""} | given | {"filters": filters})


def as_tuple(value: object) -> object:
    """Lists as tuples: what is declared here is shared and must not change."""
    return tuple(value) if isinstance(value, list) else value


SUBJECTS = read_subjects(Path(__file__).with_name("subjects.yml"))
BY_NAME = {subject.name: subject for subject in SUBJECTS}


def built(tables: set[str]) -> list[Subject]:
    """The subjects of which at least one table is in the file."""
    return [subject for subject in SUBJECTS if tables & set(subject.tables)]
