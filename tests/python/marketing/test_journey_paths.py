"""Beginnings of journeys that end dead: found where they are, not made by looking at hundreds."""

import duckdb
import numpy as np
import pandas as pd
from compiled import run_models

MODELS = {"int_journey_prefixes": "table", "journey_paths": "table"}
CHANNELS = np.array(["display", "mail", "search", "social", "video"])


def dead_ends(seed: int, *, planted: str = "") -> set[str]:
    """Of 5,000 journeys 69 % are won, of those that begin with `planted` 58 %."""
    draw = np.random.default_rng(seed)
    path = draw.choice(CHANNELS, (5_000, 5))
    length = draw.choice([1, 1, 1, 2, 2, 3, 4, 5], 5_000)
    won = draw.random(5_000) < np.where(path[:, 0] == planted, 0.58, 0.69)
    beginnings = pd.DataFrame(
        {f"channel_{n + 1}": np.where(length > n, path[:, n], None) for n in range(5)}
    ).assign(is_converted=won)
    con = duckdb.connect()
    con.register("int_journey_beginnings", beginnings)
    con.execute("create table int_marketing_settings as select 0.1 as synergy_most_q_value")
    run_models(con, MODELS)
    return {
        path for (path,) in con.sql("select path from journey_paths where is_dead_end").fetchall()
    }


def test_a_beginning_that_is_won_less_often_is_found_and_chance_makes_none():
    assert sum(bool(dead_ends(seed)) for seed in range(10)) <= 2
    found = [dead_ends(seed, planted="video") for seed in range(10)]
    assert sum("video" in paths for paths in found) >= 8
