"""`retail assign` and `retail power`: who gets which variant, and how long a test will take."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from retail_analytics.experiments.assignment import assign
from retail_analytics.experiments.plans import plan_of
from retail_analytics.experiments.power import units_and_days, visible_effects
from retail_analytics.serving.look import attached, schema_of
from retail_analytics.storage.sql import identifier
from retail_analytics.warehouse.publish import PUBLISHED

SHOWN_DAYS = (7, 14, 21, 28, 42, 56, 84)


def read_rule(name: str, *, project: Path, data: Path | None) -> pd.DataFrame:
    """A rule table of experiments: that of the user's folder where there is one."""
    own = data / "rules" / f"{name}.csv" if data else None
    path = (
        own if own and own.exists() else project / "seeds" / "rules" / "experiments" / f"{name}.csv"
    )
    return pd.read_csv(path, dtype={"experiment_id": str, "variant": str, "salt": str})


def read_units(units: str, *, warehouse: Path) -> pd.Series:
    """Ids of units from a CSV or Parquet file, or from a table of the published warehouse.

    The column is `customer_id`, else the first one.
    """
    path = Path(units)
    if path.suffix == ".csv":
        frame = pd.read_csv(path, dtype=str)
    elif path.suffix == ".parquet":
        frame = pd.read_parquet(path)
    else:
        with attached(warehouse, PUBLISHED) as con:
            schema = schema_of(con, "retail", units)
            frame = con.execute(f"select * from retail.{schema}.{identifier(units)}").df()
    if frame.columns.empty:
        raise ValueError(f"{units} has no column")
    column = "customer_id" if "customer_id" in frame else frame.columns[0]
    return frame[column].astype("string").str.strip()


def assign_units(
    experiment: str,
    *,
    units: str,
    at: datetime | None,
    project: Path,
    data: Path | None,
    warehouse: Path,
) -> pd.DataFrame:
    """The units that take part, in the columns of the input table experiment_assignments.

    Parameters
    ----------
    at : when they are assigned (UTC without an offset); now without it.
    """
    at = (at or datetime.now(UTC)).replace(microsecond=0)
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    rules = {
        name: read_rule(f"experiment{name}", project=project, data=data)
        for name in ("s", "_variants", "_rollouts")
    }
    plan = plan_of(
        experiment,
        experiments=rules["s"],
        variants=rules["_variants"],
        rollouts=rules["_rollouts"],
    )
    found = assign(read_units(units, warehouse=warehouse).dropna(), plan, on=at.date())
    return pd.DataFrame(
        {
            "experiment_id": experiment,
            "customer_id": found["unit"],
            "variant": found["variant"],
            "assigned_at": at.strftime("%Y-%m-%dT%H:%M:%S"),
        }
    )


def parse_effect(text: str) -> float:
    """A relative effect: `3%` or `.03`. Raises ValueError unless it is above 0."""
    text = text.strip()
    try:
        effect = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError as error:
        raise ValueError(f"effect must be a share such as 3% or 0.03, not {text}") from error
    if not 0 < effect < float("inf"):
        raise ValueError(f"effect must be above 0, not {text}")
    return effect


def power_text(
    metric: str, *, effect: float, project: Path, data: Path | None, warehouse: Path
) -> str:
    """What a test of two equal arms needs for an effect on a metric, and what it shows by when."""
    with attached(warehouse, PUBLISHED) as con:
        plans = con.execute("select * from retail.marts.experiment_power").df()
        traffic = con.execute(
            "select * from retail.marts.experiment_traffic order by day_number"
        ).df()
    own = plans[plans["metric"] == metric]
    if own.empty:
        known = ", ".join(sorted(set(plans["metric"]))) or "none: there are no orders"
        raise ValueError(f"nothing is known of the metric {metric}; there are: {known}")
    settings = read_rule("experiment_settings", project=project, data=data)
    settings = settings.set_index("setting")["value"].to_dict()
    baseline = own.iloc[0]
    needed = units_and_days(baseline, traffic=traffic, effect=effect, settings=settings)
    lines = [
        f"{metric}: mean {baseline['baseline_mean']:,.4g}, standard deviation "
        f"{baseline['baseline_sd']:,.4g} over {baseline['unit_count']:,} customers",
        f"to find {effect:+.1%} four times in five"
        if settings["power"] == 0.8
        else f"to find {effect:+.1%} with a power of {settings['power']:g}",
    ]
    for name, label in (("", "plain"), ("_cuped", "with CUPED")):
        units, days = needed[f"units_per_arm{name}"], needed[f"days{name}"]
        if pd.isna(units):
            lines.append(f"  {label:<11} nothing to plan from")
            continue
        when = f"{days:,.0f} days" if pd.notna(days) else f"over {len(traffic)} days"
        lines.append(f"  {label:<11} {units:>12,.0f} units per variant, {when} of present traffic")
    lines.append("smallest effect that can be seen, with CUPED, by days of traffic")
    shown = visible_effects(baseline, traffic=traffic, settings=settings)
    for row in shown[shown["day_number"].isin(SHOWN_DAYS)].itertuples():
        seen = f"{row.smallest_effect:.1%}" if pd.notna(row.smallest_effect) else "none"
        lines.append(f"  day {row.day_number:>3} {row.unit_count:>12,} units {seen:>10}")
    return "\n".join(lines)
