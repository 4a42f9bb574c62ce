"""Everything that Python models import, imported one after the other.

dbt runs two models at once. Two threads that import parts of numpy and scipy for the first time can
meet in a circle, and one of them gets a half-made module (github.com/python/cpython/issues/83065).
So each Python model imports this module first (macros/platform/py_write_table.sql): the first to
come imports for all, and the others wait until it is done.
"""

# ruff: noqa: F401
# DuckDB asks for it when it meets Arrow data
import pyarrow.dataset

import retail_analytics.customers.champions
import retail_analytics.customers.churn.backtest
import retail_analytics.customers.churn.model
import retail_analytics.customers.clusters
import retail_analytics.customers.clv.groups
import retail_analytics.customers.clv.tables
import retail_analytics.customers.rfm
import retail_analytics.customers.season
import retail_analytics.deliveries.series
import retail_analytics.experiments.checks
import retail_analytics.experiments.decisions
import retail_analytics.experiments.moments
import retail_analytics.experiments.power
import retail_analytics.experiments.results
import retail_analytics.inventory.tables
import retail_analytics.marketing.attribution
import retail_analytics.marketing.budget_tables
import retail_analytics.marketing.conversion
import retail_analytics.marketing.engagement
import retail_analytics.marketing.mix
import retail_analytics.marketing.mix_tables
import retail_analytics.marketing.revenue
import retail_analytics.marketing.synergies
import retail_analytics.monitoring.anomalies
import retail_analytics.monitoring.changes
import retail_analytics.monitoring.drift
import retail_analytics.monitoring.insights
import retail_analytics.pricing.discounts
import retail_analytics.pricing.elasticity
import retail_analytics.recommendations.tables
import retail_analytics.reputation.limits
import retail_analytics.statistics.forecasting.tables
import retail_analytics.storage.engine
import retail_analytics.support.anomalies
import retail_analytics.support.sentiment
import retail_analytics.support.staffing
import retail_analytics.support.teams
import retail_analytics.support.volumes
import retail_analytics.support.waits
import retail_analytics.warehouse.apart
import retail_analytics.warehouse.contracts
