"""Series, control limits, trends and forecasts: knows no customer and no engine."""
