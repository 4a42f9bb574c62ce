"""Customer lifetime value: purchase models, spend model, values with intervals, backtest."""
