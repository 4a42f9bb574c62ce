"""CDNOW through the whole project: the published answers, read from the tables people read."""

import json
import tempfile
from pathlib import Path

import pytest

from retail_analytics.inputs.convert import convert

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
SOURCE = ROOT.parent / "shared" / "data" / "cdnow"

# Fader, Hardie and Lee (2005), table 2, and Fader and Hardie (2013) for the spend
PUBLISHED = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "gamma_gamma": {"p": 6.25, "q": 3.74, "v": 15.44},
}


@pytest.fixture(scope="module")
def cdnow(build_warehouse):
    """`cdnow(name)` is the warehouse of docs/own_data/<name>.sql, built once."""
    if not SOURCE.is_dir():
        pytest.skip(f"{SOURCE} is not there")
    built = {}

    def get(name):
        if name not in built:
            with tempfile.TemporaryDirectory() as folder:
                script = ROOT / "docs" / "own_data" / f"{name}.sql"
                convert(script, source=SOURCE, out=Path(folder))
                built[name] = build_warehouse(Path(folder))
            assert built[name].exit_code == 0, built[name].output
        return built[name]

    return get


def quality(built, *, mart, target, horizon_days=None):
    """The serving model's figures by metric; where there are two baselines, both agree on them.

    Without a horizon those of the longest.
    """
    rows = built.query(
        "select distinct metric, value from quality.model_quality where is_serving "
        "and mart = $1 and target = $2 and horizon_days = coalesce($3, (select max(horizon_days) "
        "from quality.model_quality where mart = $1 and target = $2))",
        [mart, target, horizon_days],
    )
    assert len(dict(rows)) == len(rows)
    return dict(rows)


@pytest.mark.parametrize("model", PUBLISHED)
def test_the_fits_are_the_published_ones(cdnow, model):
    ((parameters, log_likelihood, is_converged, customer_count),) = cdnow("cdnow_sample").query(
        "select parameters, log_likelihood, is_converged, customer_count "
        "from marts.model_fits where model = $1 and purpose = 'backtest'",
        [model],
    )
    assert is_converged
    closeness = 6e-3 if model == "gamma_gamma" else 6e-4
    assert json.loads(parameters) == pytest.approx(PUBLISHED[model], abs=closeness)
    if model == "bg_nbd":
        assert log_likelihood == pytest.approx(-9582.4, abs=0.06)
    else:
        assert customer_count == 946


@pytest.mark.parametrize("name", ["cdnow", "cdnow_sample"])
def test_what_is_served_meets_the_marks(cdnow, name):
    orders = quality(cdnow(name), mart="customer_lifetime_values", target="orders")
    assert abs(orders["total_error_rate"]) <= 0.16
    assert orders["mean_absolute_error"] <= (0.79 if name == "cdnow_sample" else 0.80)
    assert orders["correlation"] >= 0.62
    value = quality(cdnow(name), mart="customer_lifetime_values", target="value")
    assert value["top_decile_share"] >= 0.50
    for figures in (orders, value):
        assert 0.75 <= figures["coverage_rate"] <= 0.85


@pytest.mark.parametrize("horizon_days", [30, 60, 90])
def test_churn_risks_are_calibrated_and_beat_recency(cdnow, horizon_days):
    figures = quality(
        cdnow("cdnow"),
        mart="customer_churn_risks",
        target="no_purchase",
        horizon_days=horizon_days,
    )
    assert figures["auc"] >= 0.765
    assert 0.9 <= figures["calibration_slope"] <= 1.1
    assert cdnow("cdnow").query(
        "select min(skill) > 0 from quality.model_quality where is_serving "
        "and mart = 'customer_churn_risks' and metric in ('brier_score', 'log_loss', 'auc') "
        "and horizon_days = $1",
        [horizon_days],
    ) == [(True,)]


def test_every_customer_has_every_figure(cdnow):
    assert cdnow("cdnow").query("""
        select
            count(*),
            count(segment),
            count(cluster_name),
            count(expected_value),
            count(churn_probability),
            count(value_at_stake)
        from marts.customer_360
    """) == [(23_570,) * 6]
