"""Forecasts of metric series: a backtested combination with conformal intervals."""

from retail_analytics.statistics.forecasting.engine import Forecasts, backtest, forecast

__all__ = ["Forecasts", "backtest", "forecast"]
