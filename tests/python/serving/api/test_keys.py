"""Keys are kept as hashes, belong to a tenant, and have a rate."""

import stat
from pathlib import Path

import pytest

from retail_analytics.serving.api.keys import Gate, Tenant, add_key, make_gate, read_keys


def test_a_key_is_found_again_and_never_stands_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.csv"
    key, other = add_key(path, "till"), add_key(path, "agent", per_minute=5)
    assert key not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    gate = Gate(read_keys(path))
    assert gate.tenant(key).name == "till"
    assert gate.tenant(other).per_minute == 5
    for wrong in (None, "", key[:-1], key + "x", key.upper(), "é", "\ud800"):
        assert gate.tenant(wrong) is None


def test_a_tenant_has_so_many_requests_a_minute() -> None:
    tenant = Tenant("till", per_minute=60)
    assert [tenant.may_ask(100.0) for _ in range(60)] == [0.0] * 60
    assert tenant.may_ask(100.0) == pytest.approx(1.0)
    assert tenant.may_ask(101.0) == 0.0
    assert tenant.may_ask(101.0) > 0
    # a long silence earns a minute's worth and no more
    assert sum(tenant.may_ask(10_000.0) == 0.0 for _ in range(100)) == 60


@pytest.mark.parametrize(
    "text",
    [
        "tenant,key\nx,y\n",
        "tenant,key_sha256,requests_per_minute\n",
        "tenant,key_sha256,requests_per_minute\nx,abc,5\n",
        f"tenant,key_sha256,requests_per_minute\nx,{'a' * 64},0\n",
        f"tenant,key_sha256,requests_per_minute\nx y,{'a' * 64},5\n",
        f"tenant,key_sha256,requests_per_minute\nx,{'a' * 64}\n",
    ],
)
def test_a_wrong_file_of_keys_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys.csv").write_text(text)
    with pytest.raises(ValueError, match="keys.csv"):
        read_keys(tmp_path / "keys.csv")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "shop.example.com", ""])
def test_nobody_serves_beyond_this_machine_without_keys(host: str) -> None:
    with pytest.raises(ValueError, match="--keys"):
        make_gate(None, host)
    assert make_gate(None, "127.0.0.1").is_open
