"""What follows from the figures: ship, stop, continue, harm, or that nothing may be concluded."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from retail_analytics.experiments.comparisons import holm

PACE_DAYS = 14
DECISION_COLUMNS = [
    *("experiment_id", "variant", "description", "decision", "situation", "reason", "status"),
    *("primary_metric",),
    *("method", "is_registered", "passes_gates", "is_winner", "relative_difference"),
    *("relative_difference_lower", "relative_difference_upper", "p_value", "weighted_score"),
    *("minimum_effect", "smallest_visible_effect", "days_needed", "starts_on", "ends_on"),
    "as_of_date",
]


def experiment_decisions(
    results: pd.DataFrame,
    *,
    checks: pd.DataFrame,
    metrics: pd.DataFrame,
    variants: pd.DataFrame,
    designs: pd.DataFrame,
    arrivals: pd.DataFrame,
    reasons: pd.DataFrame,
    settings: Mapping[str, float],
) -> pd.DataFrame:
    """The decision on every variant of every experiment, with its reason in words.

    1. Validity goes before everything, a guardrail before the primary metric, and no score of
       several metrics before either: the score only ranks variants that passed every gate.
    2. Until the planned end only sequential intervals decide, because people look; after it the
       interval of a single look does. A change that does nothing is then shipped in at most 5 % of
       experiments (2.5 % by either look).

    Parameters
    ----------
    results : what `experiment_results` returns.
    checks : what `experiment_checks` returns.
    metrics, variants, designs : int_experiment_metrics, _variants, _designs.
    arrivals : `experiment_id`, `units_per_day`: units that came a day in the last PACE_DAYS days.
    reasons : experiment_reasons: `situation`, `decision`, `reason`.
    settings : `alpha`, `minimum_units`.

    Returns
    -------
    One row per experiment and variant other than the control: DECISION_COLUMNS.
    """
    found = evidence(results, metrics=metrics, designs=designs, settings=settings)
    texts = reasons.set_index("situation")
    pace = arrivals.set_index("experiment_id")["units_per_day"]
    as_of = checks.groupby("experiment_id")["as_of_date"].first()
    rows = []
    for design in designs.sort_values("experiment_id").to_dict("records"):
        experiment = design["experiment_id"]
        if experiment not in as_of:
            continue
        own = variants[(variants["experiment_id"] == experiment) & ~variants["is_control"]]
        own_checks = checks[checks["experiment_id"] == experiment].sort_values("check_order")
        decided = [
            decide_variant(
                found[(found["experiment_id"] == experiment) & (found["variant"] == variant)],
                variant=variant,
                checks=own_checks,
                design=design | {"as_of_date": pd.Timestamp(as_of[experiment])},
                units_per_day=float(pace.get(experiment, 0.0)),
                texts=texts,
                settings=settings,
            )
            for variant in sorted(own["variant"])
        ]
        rows += with_winner(decided)
    return pd.DataFrame(rows, columns=DECISION_COLUMNS)


def evidence(
    results: pd.DataFrame,
    *,
    metrics: pd.DataFrame,
    designs: pd.DataFrame,
    settings: Mapping[str, float],
) -> pd.DataFrame:
    """What each metric with a role says of each variant, by the method that holds today.

    p-values are corrected by Holm over the variants; those of guardrails over all guardrails and
    variants of the experiment. Effects turn with the metric's direction: `improvement`.
    """
    roles = metrics[["experiment_id", "metric", "label", "margin", "weight"]]
    frame = results.merge(roles, on=["experiment_id", "metric"])
    frame = frame[frame["is_primary"] | frame["is_guardrail"] | (frame["weight"] > 0)]
    frame = frame.merge(designs[["experiment_id", "is_final"]], on="experiment_id")
    is_sequential = frame["method"].str.endswith("sequential")
    frame = frame[is_sequential != frame["is_final"]].copy()
    frame["is_first_choice"] = frame["method"].str.startswith("cuped")
    frame["is_ok"] = frame["status"] == "ok"
    key = ["experiment_id", "metric", "variant"]
    frame = frame.sort_values(
        [*key, "is_ok", "is_first_choice", "method"], ascending=[True] * 3 + [False, False, True]
    ).drop_duplicates(key)
    frame["p_value"] = frame.groupby(["experiment_id", "is_primary", "is_guardrail"])[
        "p_value"
    ].transform(lambda p_values: holm(p_values.to_numpy()))
    sign = np.where(frame["higher_is_better"].astype(bool), 1, -1)
    turned = {
        end: sign * frame[f"relative_difference{end}"].astype(float)
        for end in ("", "_lower", "_upper")
    }
    frame["improvement"] = turned[""]
    frame["improvement_at_worst"] = np.minimum(turned["_lower"], turned["_upper"])
    frame["improvement_at_best"] = np.maximum(turned["_lower"], turned["_upper"])
    is_shown = frame["p_value"] < settings["alpha"]
    frame["is_better"] = is_shown & (sign * frame["difference"] > 0)
    frame["is_worse"] = is_shown & (sign * frame["difference"] < 0)
    frame["is_margin_kept"] = frame["margin"].isna() | (
        frame["improvement_at_worst"] >= -frame["margin"]
    )
    return frame


def decide_variant(
    found: pd.DataFrame,
    *,
    variant: str,
    checks: pd.DataFrame,
    design: Mapping[str, object],
    units_per_day: float,
    texts: pd.DataFrame,
    settings: Mapping[str, float],
) -> dict[str, object]:
    """One row of decisions: the first situation that holds, and its text filled in."""
    primary = found[found["is_primary"]]
    primary = None if primary.empty else primary.iloc[0]
    failed = checks[checks["status"] == "failed"]
    guardrails = found[found["is_guardrail"]]
    worse, open_margin = (
        guardrails[guardrails["is_worse"]],
        guardrails[~guardrails["is_margin_kept"]],
    )
    named = worse if len(worse) else open_margin
    named = None if named.empty else named.sort_values(["p_value", "metric"]).iloc[0]
    days = days_needed(primary, design=design, units_per_day=units_per_day)
    situation, detail = situation_of(
        primary, checks=checks, guardrails=guardrails, design=design, settings=settings
    )
    passes_gates = failed.empty and worse.empty and open_margin.empty
    weights = found[(found["weight"] > 0) & found["is_ok"] & found["improvement"].notna()]
    visible = np.nan if primary is None else primary["smallest_visible_effect"]
    filled = {
        "check": failed["detail"].iloc[0] if len(failed) else "",
        "detail": detail,
        "metric": "" if primary is None else primary["label"],
        "effect": "" if primary is None else effect_text(primary),
        "guardrail": "" if named is None else named["label"],
        "guardrail_effect": "" if named is None else effect_text(named),
        "margin": "" if named is None else percent(named["margin"]),
        "minimum_effect": percent(design["minimum_effect"]),
        "visible": percent(visible) if np.isfinite(visible) else "any size",
        "wait": wait_text(primary, design=design, units_per_day=units_per_day),
    }
    return {
        "experiment_id": design["experiment_id"],
        "variant": variant,
        "description": design.get("description"),
        "decision": texts.at[situation, "decision"],
        "situation": situation,
        "reason": texts.at[situation, "reason"].format_map(filled).strip(),
        "status": "no_primary_metric" if primary is None else primary["status"],
        "primary_metric": None if primary is None else primary["metric"],
        "method": None if primary is None else primary["method"],
        "is_registered": design["is_registered"],
        "passes_gates": passes_gates,
        "is_winner": False,
        "weighted_score": (
            np.average(weights["improvement"], weights=weights["weight"])
            if passes_gates and len(weights)
            else np.nan
        ),
        "minimum_effect": design["minimum_effect"],
        "smallest_visible_effect": visible,
        "days_needed": days,
        "starts_on": design["starts_on"],
        "ends_on": design["ends_on"],
        "as_of_date": design["as_of_date"],
        **{
            name: np.nan if primary is None else primary[name]
            for name in (
                *("relative_difference", "relative_difference_lower"),
                *("relative_difference_upper", "p_value"),
            )
        },
        "improvement": np.nan if primary is None else primary["improvement"],
    }


def situation_of(
    primary: pd.Series | None,
    *,
    checks: pd.DataFrame,
    guardrails: pd.DataFrame,
    design: Mapping[str, object],
    settings: Mapping[str, float],
) -> tuple[str, str]:
    """The first situation that holds, by the order of experiment_reasons, and its detail."""
    is_final = bool(design["is_final"])
    waiting = checks[checks["status"] == "not_yet"]
    if (checks["status"] == "failed").any():
        return "check_failed", ""
    if guardrails["is_worse"].any():
        return "guardrail_worse", ""
    if primary is None:
        return "nothing_to_compare", "nobody has named the metric that decides"
    if primary["is_worse"]:
        return "primary_worse", ""
    if primary["status"] != "ok":
        ended = "_ended" if is_final else ""
        return f"nothing_to_compare{ended}", NOTHING[primary["status"]]
    if len(waiting):
        return "too_early", waiting["detail"].iloc[0]
    smaller = min(primary["unit_count"], primary["control_unit_count"])
    if smaller < settings["minimum_units"]:
        least = settings["minimum_units"]
        return "too_early", f"{smaller:,} of at least {least:,.0f} units in the smaller variant"
    if primary["is_better"]:
        if guardrails["is_margin_kept"].all():
            return "better", ""
        return "better_margin_missed" if is_final else "better_margin_open", ""
    if primary["improvement_at_best"] < design["minimum_effect"]:
        return "futile", ""
    return ("ended_open" if is_final else "open"), ""


NOTHING = {
    "no_control": "nobody is in the control",
    "no_units": "nobody is in the variant",
    "no_outcomes": "nothing has been measured",
    "insufficient_data": "a variant has fewer than two units",
    "no_variation": "every unit has the same value",
    "no_covariate": "nothing was known before",
}


def days_needed(
    primary: pd.Series | None, *, design: Mapping[str, object], units_per_day: float
) -> float:
    """Days until there is an answer, NaN where nobody can say.

    Those until units enough have come to see the smallest effect worth having, at the pace of the
    last days, or those until the planned end: whichever comes first.
    """
    known = [days_of_arrivals(primary, design=design, units_per_day=units_per_day)]
    known.append(days_to_end(design))
    known = [days for days in known if np.isfinite(days)]
    return min(known, default=np.nan)


def days_to_end(design: Mapping[str, object]) -> float:
    """Days until the planned end, NaN without one."""
    if pd.isna(design["ends_on"]):
        return np.nan
    return float(max((pd.Timestamp(design["ends_on"]) - design["as_of_date"]).days, 0))


def days_of_arrivals(
    primary: pd.Series | None, *, design: Mapping[str, object], units_per_day: float
) -> float:
    """Days until the smallest effect worth having can be seen; NaN where nobody comes any more."""
    if primary is None or not np.isfinite(primary["smallest_visible_effect"]):
        return np.nan
    units = primary["unit_count"] + primary["control_unit_count"]
    missing = units * ((primary["smallest_visible_effect"] / design["minimum_effect"]) ** 2 - 1)
    if missing <= 0:
        return 0.0
    return float(np.ceil(missing / units_per_day)) if units_per_day > 0 else np.nan


def wait_text(
    primary: pd.Series | None, *, design: Mapping[str, object], units_per_day: float
) -> str:
    """How long until there is an answer, in words."""
    seen = ""
    if primary is not None and np.isfinite(primary["smallest_visible_effect"]):
        seen = f"Today an effect of {percent(primary['smallest_visible_effect'])} could be seen. "
    arrivals = days_of_arrivals(primary, design=design, units_per_day=units_per_day)
    to_end, wanted = days_to_end(design), percent(design["minimum_effect"])
    if np.isfinite(to_end) and not arrivals <= to_end:
        too_few = f"; for one of {wanted} too few units will have come" if seen else ""
        return f"{seen}{days_text(to_end)} to the planned end{too_few}."
    if not np.isfinite(arrivals):
        return f"{seen}No more units come, and no end is planned."
    if arrivals == 0:
        return f"{seen}Units enough have come for one look at a planned end."
    return f"{seen}{days_text(arrivals)} to see one of {wanted}."


def days_text(days: float) -> str:
    """So many more days."""
    return f"{days:,.0f} more day{'' if days == 1 else 's'}"


def with_winner(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Marks the best of the variants to ship: by the score, where there is none by the effect."""
    shipped = [row for row in rows if row["decision"] == "ship"]
    if shipped:

        def score(row: dict[str, object]) -> float:
            known = [row["weighted_score"], row["improvement"]]
            return next((value for value in known if np.isfinite(value)), -np.inf)

        max(shipped, key=score)["is_winner"] = True
    return rows


def effect_text(row: pd.Series) -> str:
    """A change with its interval: in percent where the control is above zero, else as it is."""
    if np.isfinite(row["relative_difference"]):
        name, write = "relative_difference", lambda value: f"{100 * value:+,.1f}"
        unit = " %"
    else:
        name, unit = "difference", ""
        # three digits of the largest of them, all with the same decimals
        bounds = row[["difference", "difference_lower", "difference_upper"]].astype(float)
        largest = bounds.abs().max()
        known = 0 < largest < np.inf
        decimals = max(0, 2 - int(np.floor(np.log10(largest)))) if known else 0
        write = f"{{:+,.{decimals}f}}".format
    value, low, high = (write(row[f"{name}{end}"]) for end in ("", "_lower", "_upper"))
    return f"{value}{unit} ({low} to {high}{unit})"


def percent(share: float) -> str:
    """A share in percent, one decimal."""
    return f"{100 * share:,.1f} %" if pd.notna(share) else ""
