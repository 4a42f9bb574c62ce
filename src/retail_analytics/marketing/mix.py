"""A Bayesian media mix model: weekly sales as a supple baseline plus saturating media.

    sales(t) / mean = level, trend, months, covariates + sum over channels share * x(t) + noise
    stock(t) = (1 - c) m(t) + c stock(t - 1)        m = media in multiples of its own mean
    x(t) = stock / (stock + k), divided by its mean over the weeks

`share` is what the channel adds in an average week, in parts of mean sales: zero with a prior
probability, else half-normal. Carry-over c and half-saturation k lie on a grid and are drawn with
the shares: a fit with fixed transforms gives 80 % intervals that hold 32 % of the truths. The
baseline is a Gaussian process with its coefficients integrated out (George and McCulloch 1993 for
the point mass, Jin and others 2017 for the transforms), so that every step of the Gibbs sampler is
conjugate. Chains run side by side as rows of one array.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtri_exp

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

# variance of the level's weekly step over the noise's: from a fixed level to one that wanders
LEVEL_STEPS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1)
# prior variances of the baseline's parts over the noise's: wide, so that the data decide
LEVEL_VARIANCE, TREND_VARIANCE, MONTH_VARIANCE, COVARIATE_VARIANCE = 1e5, 1e4, 1e2, 1e3
# prior of the noise variance in units of mean sales: worth two weeks
NOISE_WEEKS, NOISE_VARIANCE = 2.0, 0.02**2


@dataclass(frozen=True)
class MixSettings:
    """The priors of the model and the settings of its sampler.

    carry_overs: parts of a week's stock still working in the next; half_saturations: in multiples
    of mean media; zero_probability: chance that a channel does nothing; share_sd: scale of a
    channel's share of sales; chains, warm_up, draws: chains side by side, and steps of each.
    """

    carry_overs: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8)
    half_saturations: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)
    zero_probability: float = 0.3
    share_sd: float = 0.07
    chains: int = 16
    warm_up: int = 80
    draws: int = 120
    seed: int = 20240101

    @property
    def grid(self) -> Array:
        """Pairs of carry-over and half-saturation, pair x 2."""
        carry, half = np.meshgrid(self.carry_overs, self.half_saturations, indexing="ij")
        return np.stack([carry.ravel(), half.ravel()], axis=1)


@dataclass(frozen=True)
class MixPosterior:
    """Draws of a fitted mix.

    pair: draw x channel, row of `grid`; share: draw x channel, part of mean sales, 0 where the
    channel does nothing; noise: draw, standard deviation in parts of mean sales; level_step: draw,
    position in LEVEL_STEPS; responses: channel x pair x week, mean one over the weeks; scale:
    channel x pair, mean of stock / (stock + k).
    """

    settings: MixSettings
    mean_sales: float
    media: Array
    pair: Indices
    share: Array
    noise: Array
    level_step: Indices
    responses: Array
    scale: Array

    @property
    def grid(self) -> Array:
        return self.settings.grid

    @property
    def channels(self) -> int:
        return self.media.shape[1]

    def weekly(self, channel: int) -> Array:
        """What a channel added, draw x week, in the unit of sales."""
        share = self.mean_sales * self.share[:, channel]
        return share[:, None] * self.responses[channel][self.pair[:, channel]]

    def totals(self) -> Array:
        """What each channel added over all weeks, draw x channel, in the unit of sales."""
        weeks = self.media.shape[0]
        return self.mean_sales * weeks * self.share

    def coefficients(self) -> Array:
        """Sales per week at full saturation, draw x channel, in the unit of sales."""
        channel = np.arange(self.channels)
        return self.mean_sales * self.share / self.scale[channel, self.pair]


def adstock(media: Array, carry_over: float) -> Array:
    """Stock of media: what works in a week, of this one's and of what is left from before.

    Parameters
    ----------
    media : array, week or week x channel
        Amounts of a week, in multiples of their mean.
    carry_over : float
        Part of the stock still working a week later, 0 to below 1.

    Returns
    -------
    array of the same shape: (1 - c) m(t) + c stock(t - 1), begun at the mean.
    """
    stock, level = np.empty_like(media, dtype=float), np.ones(media.shape[1:])
    for week, amount in enumerate(media):
        level = (1 - carry_over) * amount + carry_over * level
        stock[week] = level
    return stock


def saturated(stock: Array, half_saturation: float | Array) -> Array:
    """Response to a stock: stock / (stock + half_saturation), from 0 to 1."""
    return stock / (stock + half_saturation)


def fit_mix(
    sales: Array,
    media: Array,
    *,
    months: Indices,
    covariates: Array | None = None,
    settings: MixSettings | None = None,
) -> MixPosterior:
    """Posterior draws of a media mix.

    Parameters
    ----------
    sales : array, week
        Sales of each week, in any unit.
    media : array, week x channel
        Spend or contacts of each week, at least 0; each channel with a positive mean.
    months : int array, week
        Month of the year of each week, 1 to 12.
    covariates : array, week x covariate, optional
        Promotions and the like, in any unit.
    settings : MixSettings, optional

    Returns
    -------
    MixPosterior

    Raises
    ------
    ValueError
        For fewer than ten weeks, sales without a positive mean, a channel without media, or a
        value that is not finite.
    """
    settings = settings or MixSettings()
    sales, media = np.asarray(sales, dtype=float), np.asarray(media, dtype=float)
    if len(sales) < 10:
        raise ValueError("sales: a mix needs ten weeks or more")
    if not (np.isfinite(sales).all() and np.isfinite(media).all()):
        raise ValueError("sales, media: every value must be finite")
    if sales.mean() <= 0 or (media < 0).any() or (media.mean(axis=0) <= 0).any():
        raise ValueError("sales, media: means must be positive, and no media negative")
    grid = settings.grid
    responses, scale = grid_responses(media / media.mean(axis=0), grid)
    baseline = np.stack([baseline_variance(months, covariates, step=step) for step in LEVEL_STEPS])
    precision = np.linalg.inv(baseline)
    draws = gibbs(sales / sales.mean(), responses, baseline, precision, settings)
    pair, share, noise, level_step = draws
    return MixPosterior(
        settings=settings,
        mean_sales=float(sales.mean()),
        media=media,
        pair=pair,
        share=share,
        noise=noise,
        level_step=level_step,
        responses=responses,
        scale=scale,
    )


def grid_responses(media: Array, grid: Array) -> tuple[Array, Array]:
    """Responses of every channel and pair, mean one over the weeks, and the means taken out.

    media: week x channel in multiples of the mean. Returns channel x pair x week, channel x pair.
    """
    stocks = {carry: adstock(media, carry) for carry in np.unique(grid[:, 0])}
    raw = np.stack([saturated(stocks[carry], half).T for carry, half in grid], axis=1)
    scale = raw.mean(axis=2)
    return raw / scale[:, :, None], scale


def baseline_variance(months: Indices, covariates: Array | None, *, step: float) -> Array:
    """Covariance of the sales without media, week x week, in units of the noise variance."""
    weeks = len(months)
    order = np.arange(weeks)
    time = 2 * order / max(weeks - 1, 1) - 1
    same_month = months[:, None] == months[None, :]
    variance = (
        np.eye(weeks)
        + LEVEL_VARIANCE
        + TREND_VARIANCE * np.outer(time, time)
        + MONTH_VARIANCE * same_month
        + step * np.minimum(order[:, None], order[None, :])
    )
    if covariates is not None and covariates.size:
        spread = covariates.std(axis=0)
        known = (covariates - covariates.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        variance = variance + COVARIATE_VARIANCE * known @ known.T
    return variance


def gibbs(
    sales: Array, responses: Array, variance: Array, precision: Array, settings: MixSettings
) -> tuple[Indices, Array, Array, Indices]:
    """Draws of pairs, shares, noise and level step; variance, precision: step x week x week."""
    rng = np.random.default_rng(settings.seed)
    channels, pairs, weeks = responses.shape
    chains, steps = settings.chains, len(precision)
    # step x channel x pair x week, and what a response weighs under each step
    weighted = np.einsum("cgt,qts->qcgs", responses, precision)
    weight = np.einsum("qcgt,cgt->qcg", weighted, responses)
    log_determinant = np.linalg.slogdet(variance)[1]
    prior = (1 - settings.zero_probability) / pairs
    log_zero, log_pair = np.log(max(settings.zero_probability, 1e-300)), np.log(prior)

    pair = rng.integers(0, pairs, (chains, channels))
    share = np.abs(rng.normal(0, settings.share_sd, (chains, channels))) / 2
    step = rng.integers(0, steps, chains)
    noise = np.full(chains, float(np.var(sales)) + NOISE_VARIANCE)
    every = np.arange(chains)
    slab = 1 / settings.share_sd**2

    def added(channel: int) -> Array:
        return share[:, channel, None] * responses[channel][pair[:, channel]]

    residual = sales - sum(added(channel) for channel in range(channels))
    kept: list[tuple[Array, ...]] = []
    for turn in range(settings.warm_up + settings.draws):
        for channel in rng.permutation(channels):
            residual = residual + added(channel)
            match = np.matmul(weighted[step, channel], residual[:, :, None])[:, :, 0]
            tightness = weight[step, channel] / noise[:, None] + slab
            centre = match / noise[:, None] / tightness
            reach = centre * np.sqrt(tightness)
            evidence = (
                log_pair
                + np.log(2)
                + 0.5 * (np.log(slab) - np.log(tightness) + reach**2)
                + log_ndtr(reach)
            )
            evidence = np.concatenate([evidence, np.full((chains, 1), log_zero)], axis=1)
            chosen = np.argmax(evidence + rng.gumbel(size=evidence.shape), axis=1)
            works = chosen < pairs
            pair[:, channel] = np.where(works, chosen, rng.integers(0, pairs, chains))
            mine = (every, pair[:, channel])
            drawn = centre[mine] - ndtri_exp(
                np.log(rng.random(chains)) + log_ndtr(reach[mine])
            ) / np.sqrt(tightness[mine])
            share[:, channel] = np.where(works, np.maximum(drawn, 0.0), 0.0)
            residual = residual - added(channel)
        misfit = np.einsum("qmt,mt->mq", residual @ precision, residual)
        shape = (weeks + NOISE_WEEKS) / 2
        rest = (misfit + NOISE_WEEKS * NOISE_VARIANCE) / 2
        likelihood = -0.5 * log_determinant - shape * np.log(rest)
        step = np.argmax(likelihood + rng.gumbel(size=likelihood.shape), axis=1)
        noise = rest[every, step] / rng.gamma(shape, size=chains)
        if turn >= settings.warm_up:
            kept.append((pair.copy(), share.copy(), np.sqrt(noise), step.copy()))
    pairs_, shares, noises, steps_ = (np.concatenate(part) for part in zip(*kept, strict=True))
    return pairs_, shares, noises, steps_


def noise_share(sales: Array, *, months: Indices, covariates: Array | None = None) -> float:
    """Noise of weekly sales about their baseline, in parts of their mean, before any media.

    sales, months, covariates: as for `fit_mix`.
    """
    relative = sales / sales.mean()
    shape = (len(sales) + NOISE_WEEKS) / 2
    found = []
    for step in LEVEL_STEPS:
        variance = baseline_variance(months, covariates, step=step)
        misfit = relative @ np.linalg.solve(variance, relative)
        rest = (misfit + NOISE_WEEKS * NOISE_VARIANCE) / 2
        likelihood = -0.5 * np.linalg.slogdet(variance)[1] - shape * np.log(rest)
        found.append((likelihood, np.sqrt(rest / shape)))
    return float(max(found)[1])


def predicted(
    sales: Array,
    media: Array,
    *,
    months: Indices,
    known: int,
    covariates: Array | None = None,
    settings: MixSettings | None = None,
) -> tuple[Array, Array, Array]:
    """Sales after the first `known` weeks, from these weeks and from what was spent later.

    Parameters
    ----------
    sales, media, months, covariates, settings : as for `fit_mix`, over all weeks.
    known : int
        Weeks that the model may see sales of.

    Returns
    -------
    (with media, without media, half width): week after `known`. The half width is that of the
    80 % interval with media.
    """
    fitted = slice(None, known)
    posterior = fit_mix(
        sales[fitted],
        media[fitted],
        months=months[fitted],
        covariates=None if covariates is None else covariates[fitted],
        settings=settings,
    )
    mean, weeks = posterior.mean_sales, len(sales)
    relative = media / media[fitted].mean(axis=0)
    raw = [
        np.stack(
            [saturated(adstock(relative[:, c], carry), half) for carry, half in posterior.grid]
        )
        / posterior.scale[c][:, None]
        for c in range(posterior.channels)
    ]
    added = sum(posterior.share[:, c, None] * raw[c][posterior.pair[:, c]] for c in range(len(raw)))
    target = sales[fitted] / mean
    paths = np.empty((len(added), weeks - known))
    plain, spread = np.zeros(weeks - known), np.zeros(weeks - known)
    for step in np.unique(posterior.level_step):
        variance = baseline_variance(months, covariates, step=LEVEL_STEPS[step])
        weights = np.linalg.solve(variance[fitted, fitted], variance[fitted, known:])
        rows = posterior.level_step == step
        paths[rows] = (target - added[rows, :known]) @ weights + added[rows, known:]
        plain += rows.mean() * (target @ weights)
        left = np.diag(variance[known:, known:] - variance[known:, fitted] @ weights)
        spread += rows.mean() * left * np.mean(posterior.noise[rows] ** 2)
    half = 1.2815515655446004 * np.sqrt(spread + paths.var(axis=0))
    return mean * paths.mean(axis=0), mean * plain, mean * half
