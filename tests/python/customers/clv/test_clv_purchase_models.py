"""The formulas of the purchase models: published numbers, identities, tails."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta as beta_distribution

from retail_analytics.customers.clv.beta_mean import mean_of_power
from retail_analytics.customers.clv.fit import BASELINES, MODELS
from retail_analytics.customers.clv.simulate import simulate_histories

pytestmark = pytest.mark.filterwarnings("error")

# As published for the CDNOW sample: Fader, Hardie and Lee (2005) for the BG/NBD and Pareto/NBD, the
# documentation of the R package BTYDplus for the MBG/NBD.
PUBLISHED = {
    "bg_nbd": np.array([0.243, 4.414, 0.793, 2.426]),
    "mbg_nbd": np.array([0.525, 6.183, 0.891, 1.614]),
    "pareto_nbd": np.array([0.553, 10.578, 0.606, 11.669]),
}
ODD = [
    [1e-3, 1e-3, 1e-3, 1e-3],
    [1e3, 1e-3, 1e3, 1e-3],
    [1e-3, 1e3, 1e-3, 1e3],
    [1e3, 1e3, 1e3, 1e3],
    [1.0, 5.0, 1.0, 5.0],
    [1.0, 5.0 + 1e-9, 1.0, 5.0],
]
EVERY_MODEL = pytest.mark.parametrize("name", list(MODELS))


def histories(*rows):
    """Arrays frequency, recency, age from (frequency, recency, age) rows."""
    frequency, recency, age = np.array(rows, dtype=float).T
    return {"frequency": frequency, "recency": recency, "age": age}


def test_bg_nbd_expects_what_the_authors_spreadsheet_does():
    model, parameters = MODELS["bg_nbd"], PUBLISHED["bg_nbd"]
    history = histories((2, 30.43, 38.86))
    ahead = model.expected_purchases(parameters, horizon=39.0, **history)
    assert ahead[0] == pytest.approx(1.226, abs=5e-4)
    new = [model.expected_purchases_of_new(parameters, horizon=t) for t in (1 / 7, 1, 3, 32)]
    assert new == pytest.approx([0.0078, 0.0532, 0.1506, 1.0437], abs=2e-3)


@pytest.mark.parametrize(
    ("name", "of_new", "of_best", "alive"),
    [("bg_nbd", 1.444, 25.76, 0.9688), ("pareto_nbd", 1.473, 25.46, 0.9979)],
)
def test_models_expect_what_the_walkthrough_of_btyd_reports(name, of_new, of_best, alive):
    model, parameters = MODELS[name], PUBLISHED[name]
    best = histories((26, 30.86, 31.0))
    assert model.expected_purchases_of_new(parameters, horizon=52.0) == pytest.approx(
        of_new, rel=2e-3
    )
    assert model.expected_purchases(parameters, horizon=52.0, **best)[0] == pytest.approx(
        of_best, rel=2e-3
    )
    assert model.p_alive(parameters, **best)[0] == pytest.approx(alive, abs=2e-4)


def test_bg_nbd_expectation_is_the_published_closed_form():
    from scipy.special import hyp2f1

    r, alpha, a, b = PUBLISHED["bg_nbd"]
    x, recency, age, t = 5.0, 20.0, 39.0, 26.0
    share = t / (alpha + age + t)
    bracket = 1 - (1 - share) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, share)
    odds = a / (b + x - 1) * ((alpha + age) / (alpha + recency)) ** (r + x)
    published = (a + b + x - 1) / (a - 1) * bracket / (1 + odds)
    ours = MODELS["bg_nbd"].expected_purchases(
        PUBLISHED["bg_nbd"], horizon=t, **histories((x, recency, age))
    )
    assert ours[0] == pytest.approx(published, rel=1e-9)


@pytest.mark.parametrize("alpha_beta", [(10.6, 11.7), (11.7, 10.6), (7.0, 7.0), (0.01, 500.0)])
def test_pareto_nbd_likelihood_is_the_integral_over_rates(alpha_beta):
    (r, s), (alpha, beta) = (0.553, 0.606), alpha_beta
    x, recency, age = 3.0, 12.0, 39.0
    gone, _ = quad(
        lambda y: s * (alpha + y) ** -(r + x) * (beta + y) ** -(s + 1), recency, age, epsabs=0
    )
    alive = (alpha + age) ** -(r + x) * (beta + age) ** -s
    constant = r * (r + 1) * (r + 2) * alpha**r * beta**s
    parameters = np.array([r, alpha, s, beta])
    history = histories((x, recency, age))
    value, _ = MODELS["pareto_nbd"].log_likelihood(parameters, **history)
    assert value[0] == pytest.approx(np.log(constant * (alive + gone)), rel=1e-9)
    chance = MODELS["pareto_nbd"].p_alive(parameters, **history)
    assert chance[0] == pytest.approx(alive / (alive + gone), rel=1e-9)


@EVERY_MODEL
def test_derivatives_are_those_of_the_likelihood(name):
    model = MODELS[name]
    history = histories((0, 0, 39), (1, 3, 30), (4, 35, 38), (25, 30, 39), (300, 39, 39))
    point = np.log(PUBLISHED[name])
    _, score = model.log_likelihood(np.exp(point), **history)
    for column, step in enumerate(np.eye(4) * 1e-5):
        above, _ = model.log_likelihood(np.exp(point + step), **history)
        below, _ = model.log_likelihood(np.exp(point - step), **history)
        assert (above - below) / 2e-5 == pytest.approx(score[:, column], rel=1e-4, abs=1e-6)


@EVERY_MODEL
@settings(max_examples=60)
@given(
    logs=st.lists(st.floats(-4, 4), min_size=4, max_size=4),
    frequency=st.integers(1, 200),
    age=st.floats(0.5, 2000),
)
def test_a_later_last_purchase_never_lowers_the_chance_to_be_alive(name, logs, frequency, age):
    recency = np.linspace(0, age, 40)
    alive = MODELS[name].p_alive(
        np.exp(logs),
        frequency=np.full(40, float(frequency)),
        recency=recency,
        age=np.full(40, age),
    )
    assert np.all(np.diff(alive) >= -1e-12)
    assert np.all((alive >= 0) & (alive <= 1))


@EVERY_MODEL
@pytest.mark.parametrize("parameters", ODD)
def test_tails_are_finite(name, parameters):
    model, parameters = MODELS[name], np.array(parameters)
    history = histories(
        (0, 0, 0), (0, 0, 5000), (1, 0, 5000), (1, 5000, 5000), (500, 0.1, 5000), (500, 5000, 5000)
    )
    value, score = model.log_likelihood(parameters, **history)
    expected = model.expected_purchases(parameters, horizon=5000.0, **history)
    known = {"frequency": history["frequency"], "age": history["age"]}
    cells = model.count_cells(
        parameters, horizons=np.array([1.0, 5000.0]), edges=np.arange(0.0, 600.0, 2.0), **known
    )
    for array in (value, score, expected, model.p_alive(parameters, **history), cells):
        assert np.isfinite(array).all()
    assert np.all(expected >= 0)
    assert cells.sum(axis=2) == pytest.approx(1.0, abs=1e-6)


@EVERY_MODEL
def test_the_distribution_of_counts_has_the_expected_mean(name):
    model, parameters = MODELS[name], PUBLISHED[name]
    history = histories((0, 0, 10), (2, 5, 39), (10, 38, 39))
    horizons = np.array([13.0, 52.0])
    edges = np.arange(0.0, 400.0)
    cells = model.count_cells(
        parameters, horizons=horizons, edges=edges, frequency=history["frequency"],
        age=history["age"],
    )  # fmt: skip
    alive = model.p_alive(parameters, **history)
    for horizon, row in zip(horizons, cells, strict=True):
        expected = model.expected_purchases(parameters, horizon=horizon, **history)
        assert alive * (row @ edges) == pytest.approx(expected, rel=2e-3)


@EVERY_MODEL
def test_simulated_customers_do_what_the_formulas_say(name):
    model, parameters = MODELS[name], PUBLISHED[name]
    customers = simulate_histories(
        model, parameters, age=np.full(60_000, 39.0), horizon=39.0, seed=11
    )
    columns = {key: customers[key].to_numpy() for key in ("frequency", "recency", "age")}
    of_new = model.expected_purchases_of_new(parameters, horizon=39.0)
    assert customers["frequency"].mean() == pytest.approx(of_new, rel=0.03)
    ahead = model.expected_purchases(parameters, horizon=39.0, **columns)
    assert customers["holdout_orders"].mean() == pytest.approx(ahead.mean(), rel=0.04)
    alive = model.p_alive(parameters, **columns)
    assert customers["is_alive"].mean() == pytest.approx(alive.mean(), abs=0.01)
    likely = alive > 0.7
    assert customers["is_alive"][likely].mean() == pytest.approx(alive[likely].mean(), abs=0.02)


@EVERY_MODEL
def test_survival_is_the_chance_to_be_alive_later(name):
    # A customer of whom nothing is known but the first purchase: alive now and still at t.
    model, parameters = MODELS[name], PUBLISHED[name]
    customers = simulate_histories(
        model, parameters, age=np.full(60_000, 26.0), horizon=0.0, seed=5
    )
    start = histories((0, 0, 0))
    now = model.p_alive(parameters, **start)
    later = model.survival(parameters, ahead=np.array([26.0]), frequency=np.zeros(1),
                           age=np.zeros(1))  # fmt: skip
    assert (now * later)[0] == pytest.approx(customers["is_alive"].mean(), abs=0.008)


def test_discounting_lowers_the_expectation_by_the_mean_discount():
    model, parameters = MODELS["pareto_nbd"], PUBLISHED["pareto_nbd"]
    history = histories((4, 30, 39))
    rate = 0.002
    direct, _ = quad(
        lambda t: (
            np.exp(-rate * t)
            * model.purchase_rate(
                parameters, ahead=np.array([t]), frequency=history["frequency"], age=history["age"]
            )[0]
        ),
        0,
        104,
    )
    ours = model.expected_purchases(parameters, horizon=104.0, discount_rate=rate, **history)
    assert ours[0] == pytest.approx(direct * model.p_alive(parameters, **history)[0], rel=1e-8)


@pytest.mark.parametrize(("a", "b"), [(0.8, 2.4), (5.0, 300.0), (0.01, 8000.0), (800.0, 1500.0)])
@pytest.mark.parametrize(("z", "power"), [(0.1, 3.2), (5.0, 0.3), (900.0, 2.0)])
def test_the_beta_mean_is_the_integral(a, b, z, power):
    numbers = beta_distribution(a, b).ppf((np.arange(200_000) + 0.5) / 200_000)
    expected = np.mean((1 + z * numbers) ** -power)
    ours = mean_of_power(np.array([z]), power=np.array([power]), a=a, b=np.array([b]))
    assert ours[0] == pytest.approx(expected, abs=2e-5)


def test_baselines_go_on_at_the_past_rate():
    history = histories((0, 0, 10), (3, 8, 10))
    own = BASELINES["own_rate"].expected_purchases(np.array([1.0, 5.0]), horizon=20.0, **history)
    assert own == pytest.approx([0.0, 6.0], abs=1e-6)
    mean = BASELINES["mean_rate"].expected_purchases(np.array([1.0, 5.0]), horizon=20.0, **history)
    assert mean == pytest.approx([4.0, 4.0])
