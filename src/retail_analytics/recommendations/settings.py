"""The rule table as the settings that scoring and lists take."""

from collections.abc import Mapping

import pandas as pd

from retail_analytics.recommendations.lists import ListRules, category_caps
from retail_analytics.recommendations.strategies import Catalogue, Settings


def rule_values(rules: pd.DataFrame) -> dict[str, float]:
    """Value by rule. rules: rule, value. Raises ValueError for a rule without a number."""
    for column in ("rule", "value"):
        if column not in rules.columns:
            raise ValueError(f"{column}: column is missing")
    if rules["value"].isna().any():
        raise ValueError(f"value: {rules.loc[rules['value'].isna(), 'rule'].iloc[0]} has none")
    return dict(zip(rules["rule"], rules["value"].astype(float), strict=True))


def wanted(values: Mapping[str, float], name: str) -> float:
    """The value of a rule; ValueError naming the rule where the table has none."""
    if name not in values:
        raise ValueError(f"rule: {name} is missing")
    return values[name]


def scoring_settings(values: Mapping[str, float]) -> Settings:
    """What scoring takes from the rules."""
    return Settings(
        neighbours=int(wanted(values, "neighbours")),
        ease_products=int(wanted(values, "ease_products_most")),
        history_products=int(wanted(values, "history_products_most")),
    )


def list_rules(values: Mapping[str, float], catalogue: Catalogue) -> ListRules:
    """What lists take from the rules."""
    length = int(wanted(values, "list_length"))
    return ListRules(
        length=length,
        explore_slots=int(wanted(values, "explore_slots")),
        category_caps=category_caps(
            catalogue, cap=int(wanted(values, "category_cap")), length=length
        ),
        diversity=wanted(values, "diversity"),
        soonest_repeat=wanted(values, "soonest_repeat"),
    )
