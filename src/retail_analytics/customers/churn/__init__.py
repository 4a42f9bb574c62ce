"""Who is likely to stay away: model and backtest."""
