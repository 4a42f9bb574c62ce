"""The rule tables of experiments, turned into plans of assignment."""

import pandas as pd

from retail_analytics.experiments.assignment import Plan


def plan_of(
    experiment: str,
    *,
    experiments: pd.DataFrame,
    variants: pd.DataFrame,
    rollouts: pd.DataFrame,
) -> Plan:
    """The plan of one experiment from the rule tables of these names.

    Raises
    ------
    ValueError : the experiment has no row, or no variants.
    """
    own = experiments[experiments["experiment_id"] == experiment]
    arms = variants[variants["experiment_id"] == experiment].sort_values("variant_order")
    if own.empty:
        known = ", ".join(sorted(experiments["experiment_id"].astype(str))) or "none"
        raise ValueError(f"no experiment {experiment} in the rules; there are: {known}")
    if arms.empty:
        raise ValueError(f"the experiment {experiment} has no row in experiment_variants")
    design = own.iloc[0]
    steps = rollouts[rollouts["experiment_id"] == experiment]
    has_layer = pd.notna(design["layer"])
    return Plan(
        salt=str(design["salt"]) if pd.notna(design["salt"]) else experiment,
        variants=tuple(arms["variant"].astype(str)),
        shares=tuple(arms["planned_share"].astype(float)),
        layer=str(design["layer"]) if has_layer else None,
        layer_from=float(design["layer_from"]) if pd.notna(design["layer_from"]) else 0.0,
        layer_to=float(design["layer_to"]) if pd.notna(design["layer_to"]) else 1.0,
        rollout=tuple(
            (pd.Timestamp(day).date(), float(share))
            for day, share in zip(steps["begins_on"], steps["traffic_share"], strict=True)
        ),
    )
