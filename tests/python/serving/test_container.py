"""The container files: what they copy is there, what they start is a command, and nobody is root.

They are not built here: that takes a daemon.
"""

import json
import re

import pytest
import yaml
from conftest import ROOT

from retail_analytics.cli import retail

CONTAINERFILE = (ROOT / "Containerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yml").read_text(encoding="utf-8"))


def instructions(word: str) -> list[str]:
    """The arguments of each instruction of this name; a line that ends in a backslash goes on."""
    text = CONTAINERFILE.replace("\\\n", " ")
    return re.findall(rf"^{word} (.*)$", text, flags=re.MULTILINE)


def started() -> dict[str, list[str]]:
    (default,) = instructions("CMD")
    return {
        name: service.get("command", json.loads(default))
        for name, service in COMPOSE["services"].items()
    }


def test_what_is_copied_is_there_and_is_not_left_out_of_the_context() -> None:
    left_out = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    for line in instructions("COPY"):
        *sources, _ = line.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            assert source.split("/")[0] not in left_out, source


@pytest.mark.parametrize("service", COMPOSE["services"])
def test_what_is_started_is_a_command_with_its_options(service: str) -> None:
    assert instructions("ENTRYPOINT") == ['["retail"]']
    name, *options = started()[service]
    context = retail.commands[name].make_context(name, list(map(str, options)))
    assert context.params["host"] == "0.0.0.0"
    assert str(context.params["keys"]) == "/run/secrets/retail_keys"
    port = context.params["port"]
    assert COMPOSE["services"][service]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert str(port) in instructions("EXPOSE")[0].split()


@pytest.mark.parametrize("service", COMPOSE["services"])
def test_a_container_has_no_rights_and_may_read_what_it_is_given(service: str) -> None:
    (user,) = instructions("USER")
    assert int(user) > 0
    said = COMPOSE["services"][service]
    # secrets and warehouse are mounted with the rights they have on the machine
    assert said["user"] == f"${{RETAIL_USER:-{user}:{user}}}"
    assert said["read_only"] is True and said["cap_drop"] == ["ALL"]
    assert all(volume.endswith(":ro") for volume in said["volumes"])
    assert "secrets" in said and set(said["secrets"]) == set(COMPOSE["secrets"])


def test_its_health_is_whether_there_is_a_build() -> None:
    (line,) = instructions("HEALTHCHECK")
    assert "/ready" in line and ":8765" in line
