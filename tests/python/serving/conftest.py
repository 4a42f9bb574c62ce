"""A warehouse folder of the sample's published file, for tests that change it or add files."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Built

from retail_analytics.serving.api.published import Build, Published


@pytest.fixture(scope="session")
def served(sample_warehouse: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    shutil.copy(sample_warehouse.published, folder)
    return folder


@pytest.fixture(scope="session")
def published(served: Path) -> Iterator[Published]:
    published = Published(served)
    yield published
    published.close()


@pytest.fixture
def build(published: Published) -> Iterator[Build]:
    with published.build() as build:
        yield build
