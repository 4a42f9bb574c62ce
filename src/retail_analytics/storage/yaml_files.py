"""YAML files of the project."""

from pathlib import Path
from typing import Any

import yaml

# the loader in C, where there is one, takes a tenth of the time
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """What a file holds. Raises OSError, or yaml.YAMLError for what is no YAML."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
