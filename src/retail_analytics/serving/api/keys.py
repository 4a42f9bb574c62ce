"""Keys of those who may ask: a file that holds their hashes and never the keys themselves."""

import csv
import hashlib
import re
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

COLUMNS = ("tenant", "key_sha256", "requests_per_minute")
TENANT = re.compile(r"[A-Za-z0-9_.-]{1,40}")
HASH = re.compile(r"[0-9a-f]{64}")
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
DEFAULT_RATE = 600


@dataclass
class Tenant:
    """Somebody with a key, and what they have left of their requests per minute."""

    name: str
    per_minute: int
    left: float = field(default=0.0)
    seen_at: float = field(default=0.0)

    def may_ask(self, now: float) -> float:
        """Zero, or the seconds until the next request is answered: a bucket that refills evenly."""
        if not self.seen_at:
            self.left = float(self.per_minute)
        else:
            earned = (now - self.seen_at) * self.per_minute / 60
            self.left = min(float(self.per_minute), self.left + earned)
        self.seen_at = now
        if self.left < 1:
            return (1 - self.left) * 60 / self.per_minute
        self.left -= 1
        return 0.0


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def read_keys(path: Path) -> dict[str, Tenant]:
    """Tenants by the hash of their key. Raises ValueError with the line that is wrong."""
    tenants: dict[str, Tenant] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise ValueError(f"{path}: the first line must be {','.join(COLUMNS)}")
        for row in rows:
            where = f"{path}, line {rows.line_num}"
            if not TENANT.fullmatch(row["tenant"] or ""):
                raise ValueError(f"{where}: a tenant is letters, digits and . _ -, 40 at most")
            if not HASH.fullmatch(row["key_sha256"] or ""):
                raise ValueError(f"{where}: key_sha256 must be 64 hexadecimal digits")
            rate = row["requests_per_minute"] or ""
            if not rate.isdecimal() or int(rate) < 1:
                raise ValueError(
                    f"{where}: requests_per_minute must be a whole number of 1 or more"
                )
            tenants[row["key_sha256"]] = Tenant(row["tenant"], int(rate))
    if not tenants:
        raise ValueError(f"{path}: holds no key; `retail key <tenant> --keys {path}` adds one")
    return tenants


def add_key(path: Path, tenant: str, *, per_minute: int = DEFAULT_RATE) -> str:
    """Adds a tenant to the file and returns the key, which is shown this once."""
    if not TENANT.fullmatch(tenant):
        raise ValueError("a tenant is letters, digits and . _ -, 40 at most")
    if per_minute < 1:
        raise ValueError("requests per minute must be 1 or more")
    key = f"retail_{secrets.token_urlsafe(32)}"
    is_new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if is_new:
            path.chmod(0o600)
            writer.writerow(COLUMNS)
        writer.writerow([tenant, hash_of(key), per_minute])
    return key


class Gate:
    """Who asks, and whether they may ask now. Without keys everybody on this machine is `local`."""

    def __init__(self, tenants: dict[str, Tenant] | None = None) -> None:
        self.tenants = tenants

    @property
    def is_open(self) -> bool:
        return self.tenants is None

    def tenant(self, key: str | None) -> Tenant | None:
        """Who has this key. A key that is nearly right takes no longer to refuse."""
        if self.tenants is None:
            return None
        return self.tenants.get(hash_of(key)) if key else None

    @staticmethod
    def wait(tenant: Tenant) -> float:
        return tenant.may_ask(time.monotonic())


def make_gate(keys: Path | None, host: str) -> Gate:
    """The gate of a server on this address. Raises ValueError beyond loopback without keys."""
    if keys is not None:
        return Gate(read_keys(keys))
    if host not in LOOPBACK:
        raise ValueError(
            f"{host} is reached from other machines: make keys first "
            "(`retail key <tenant> --keys keys.csv`) and name them with --keys"
        )
    return Gate()
