"""Every package is pinned, and installed only if it is the one that was locked."""

import re
import tomllib

from conftest import ROOT

LOCKS = sorted((ROOT / "requirements" / "locked").glob("*.txt"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def pins(text: str) -> dict[str, str]:
    return {re.sub("[._-]+", "-", name).lower(): pin for name, pin in PIN.findall(text)}


def test_every_pin_is_locked_in_its_version():
    constraints = pins((ROOT / "constraints.txt").read_text())
    locked: dict[str, str] = {}
    for path in LOCKS:
        locked |= pins(path.read_text())
    differing = {name for name, pin in constraints.items() if locked.get(name, pin) != pin}
    assert not differing, f"run make lock: {sorted(differing)}"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]
    names = {re.sub("[._-]+", "-", re.match(r"[\w.-]+", text)[0]).lower() for text in asked}
    assert names <= set(locked), f"run make lock: {sorted(names - set(locked))}"


def test_every_locked_package_has_hashes():
    for path in LOCKS:
        for entry in re.split(r"\n(?=\S)", path.read_text().strip()):
            assert "--hash=sha256:" in entry, f"{path.name}: {entry.splitlines()[0]}"


def test_what_builds_the_package_and_what_ci_runs_is_pinned():
    assert re.search(r'requires = \["setuptools==[\d.]+"\]', (ROOT / "pyproject.toml").read_text())
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    uses = re.findall(r"uses: \S+@(\S+)", workflow)
    assert uses
    assert all(re.fullmatch("[0-9a-f]{40}", commit) for commit in uses)
