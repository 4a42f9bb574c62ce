"""Events since a build: what a program that follows the shop has to do next."""

import json
from collections.abc import Iterator
from pathlib import Path

from retail_analytics.serving.api.values import as_json
from retail_analytics.serving.catalog import Catalog, open_catalog

COLUMNS = (
    *("event_id", "event_type", "entity_id", "customer_id", "old_value", "new_value"),
    *("since_invocation_id", "invocation_id", "happened_on", "built_at"),
)


def events_since(catalog: Catalog, build: str | None) -> Iterator[dict]:
    """Events after a build, the oldest first; all that are kept without one.

    Raises ValueError for a build that the outbox does not reach back to: somebody may have missed
    events and must read the tables anew.
    """
    if catalog.find("event_outbox") is None:
        raise ValueError("this build has no events; make build writes them")
    after = -1
    if build is not None and build != catalog.invocation_id:
        rows = catalog.con.execute(
            "select max(event_id) filter (invocation_id = $1), "
            "min(event_id) filter (since_invocation_id = $1) from quality.event_outbox",
            [build],
        ).fetchall()
        own, next_one = rows[0]
        if own is None and next_one is None:
            raise ValueError(
                f"no event is of or after build {build[:60]!r}; read the tables, and go on from "
                f"{catalog.invocation_id}"
            )
        after = own if own is not None else next_one - 1
    elif build is not None:
        return
    found = catalog.con.execute(
        f"select {', '.join(COLUMNS)} from quality.event_outbox where event_id > ? "
        "order by event_id",
        [after],
    )
    while rows := found.fetchmany(1000):
        for row in rows:
            yield {name: as_json(value) for name, value in zip(COLUMNS, row, strict=True)}


def print_events(warehouse: Path, *, since: str | None) -> None:
    """One JSON object per line."""
    with open_catalog(warehouse) as catalog:
        for event in events_since(catalog, since):
            print(json.dumps(event, ensure_ascii=False))
