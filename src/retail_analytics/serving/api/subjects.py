"""What programs may ask: every tool of MCP and endpoint of HTTP, declared once.

Only names of tables and columns stand here. Where a table is not in the file, its section says so.
"""

from dataclasses import replace

from retail_analytics.serving.api.reads import Parameter, Section, Subject

CUSTOMER = Parameter("customer_id", "Id of one customer.", of=("customers", "customer_id"))
PRODUCT = Parameter("product_id", "Id of one product.", of=("products", "product_id"))
WAREHOUSE = Parameter("warehouse", "One warehouse.", of=("incidents", "warehouse"))
BY_SLICE = {"dimension": "dimension", "entity": "entity"}
SEGMENT = Parameter("segment", "One segment.", of=("segment_summary", "segment"))
CHANNEL = Parameter("channel", "One channel.")
NEWEST_MONTH = "month desc"


def section(
    name: str, table: str, order: str, filters: dict | None = None, **more: object
) -> Section:
    return Section(name, table, order, filters or {}, **more)


SUBJECTS = (
    Subject(
        name="analyze_customer_churn",
        title="Customer churn",
        meaning=(
            "Who is likely to stay away, why, what is at stake and what to do; how many were lost "
            "month by month, and the reasons that customers gave. Start here for retention."
        ),
        method=(
            "Calibrated model of no purchase within the horizon, fitted on the shop's own past; "
            "rates with Wilson intervals"
        ),
        domain="customers",
        parameters=(
            CUSTOMER,
            Parameter(
                "horizon_days",
                "Within how many days no purchase is meant.",
                "integer",
                of=("customer_churn_risks", "horizon_days"),
            ),
            Parameter(
                "risk_class",
                "One class of risk: Critical, High, Medium or Low.",
                of=("customer_churn_risks", "risk_class"),
            ),
        ),
        sections=(
            section(
                "risks",
                "customer_churn_risks",
                "is_shown desc, value_at_stake desc nulls last",
                {
                    "customer_id": "customer_id",
                    "horizon_days": "horizon_days",
                    "risk_class": "risk_class",
                },
                is_paged=True,
            ),
            section(
                "monthly_rates", "churn_rates", NEWEST_MONTH, rows=12, without=("customer_id",)
            ),
            section("reasons", "churn_reasons", "reason_rank", without=("customer_id",)),
        ),
    ),
    Subject(
        name="segment_customers",
        title="Customer segments",
        meaning=(
            "The segments with their size, revenue and strategy, who is in one and why, and who "
            "moved between segments in the newest months."
        ),
        method="Recency, frequency and monetary scores on the shop's own quantiles",
        domain="customers",
        parameters=(SEGMENT, CUSTOMER),
        sections=(
            section(
                "segments",
                "segment_summary",
                "segment_order",
                {"segment": "segment"},
                without=("customer_id",),
            ),
            section(
                "customers",
                "customer_rfm",
                "monetary desc nulls last",
                {"segment": "segment", "customer_id": "customer_id"},
                is_paged=True,
            ),
            section(
                "cluster",
                "customer_clusters",
                "",
                {"customer_id": "customer_id"},
                needs=("customer_id",),
            ),
            section(
                "migrations",
                "segment_migrations",
                "month desc, customer_count desc",
                {"segment": "from_segment"},
                without=("customer_id",),
            ),
        ),
    ),
    Subject(
        name="predict_customer_lifetime_value",
        title="Customer lifetime value",
        meaning=(
            "What a customer will bring in within the horizon, with an interval of 80 %; without a "
            "customer the most valuable ones, and the totals per segment."
        ),
        method="Purchase model (BG/NBD or the like) with gamma-gamma spend, intervals of 80 %",
        domain="customers",
        parameters=(
            CUSTOMER,
            Parameter(
                "horizon_months",
                "Months ahead: one of those that were built.",
                "integer",
                of=("customer_lifetime_values", "horizon_months"),
                default=12,
            ),
        ),
        sections=(
            section(
                "values",
                "customer_lifetime_values",
                "expected_value desc nulls last",
                {"customer_id": "customer_id", "horizon_months": "horizon_months"},
                is_paged=True,
            ),
            section(
                "totals",
                "customer_value_totals",
                "expected_value desc nulls last",
                {"horizon_months": "horizon_months"},
                without=("customer_id",),
            ),
        ),
    ),
    Subject(
        name="analyze_sentiment_trends",
        title="Sentiment trends",
        meaning=(
            "What people say by month, which months fell by more than chance explains, and where "
            "sentiment is going."
        ),
        method="Net sentiment of mentions; control limits for anomalies; forecasts with intervals",
        domain="reputation",
        parameters=(
            Parameter(
                "dimension",
                "`all` or `source`.",
                of=("sentiment", "dimension"),
                default="all",
                unless="entity",
            ),
            Parameter("entity", "One source, such as reviews.", of=("sentiment", "entity")),
        ),
        sections=(
            section("months", "sentiment", NEWEST_MONTH, BY_SLICE, rows=12, is_paged=True),
            section("anomalies", "sentiment_anomalies", NEWEST_MONTH, BY_SLICE, where="is_anomaly"),
            section("forecasts", "sentiment_forecasts", "month", BY_SLICE),
        ),
    ),
    Subject(
        name="forecast_delivery_performance",
        title="Delivery forecast",
        meaning=(
            "How fast and punctual deliveries will be in the months ahead, with intervals and "
            "grade; whether they get slower, and which months were worse than usual."
        ),
        method="Forecasts chosen by rolling origin; trends by Theil-Sen and Mann-Kendall",
        domain="deliveries",
        parameters=(
            Parameter("periods", "Months ahead.", "integer", least=1, most=24, default=3),
            Parameter(
                "dimension",
                "`all`, `carrier` or `warehouse`.",
                of=("delivery_performance", "dimension"),
                default="all",
                unless="entity",
            ),
            Parameter("entity", "One of them.", of=("delivery_performance", "entity")),
        ),
        sections=(
            section(
                "forecasts",
                "delivery_forecasts",
                "dimension, entity, month",
                BY_SLICE | {"periods": ("at_most", "horizon_months")},
                is_paged=True,
            ),
            section("months", "delivery_performance", NEWEST_MONTH, BY_SLICE, rows=12),
            section("trends", "delivery_trends", "measure", BY_SLICE),
            section("worse_than_usual", "delivery_degradations", NEWEST_MONTH, BY_SLICE, rows=10),
            section("carriers", "carrier_scorecards", "on_time_rank", without=("entity",)),
        ),
    ),
    Subject(
        name="optimize_inventory",
        title="Inventory",
        meaning=(
            "How much of each product to keep, when and what to order today, and why, with "
            "the service that was reached when the past was replayed."
        ),
        method="Demand over lead time and review at the service target, chosen per product",
        domain="inventory",
        parameters=(
            Parameter(
                "service_level",
                "Share of order cycles without a stock-out. Only what was built is answered.",
                "number",
                of=("inventory_levels", "service_target"),
                advice="; another target is a row of the rules inventory_settings, and a build",
            ),
            PRODUCT,
            Parameter("category", "One category.", of=("inventory_levels", "category")),
        ),
        sections=(
            section(
                "levels",
                "inventory_levels",
                "order_now_cost desc nulls last",
                {
                    "service_level": "service_target",
                    "product_id": "product_id",
                    "category": "category",
                },
                is_paged=True,
            ),
            section(
                "replay",
                "inventory_backtest",
                "rule",
                {"product_id": "product_id"},
                needs=("product_id",),
            ),
            section("demand", "demand_classes", "", without=("product_id",)),
        ),
    ),
    Subject(
        name="analyze_warehouse_incidents",
        title="Warehouse incidents",
        meaning=(
            "What went wrong in the warehouses, how grave it was, how many parcels it made late, "
            "and which kind keeps coming back."
        ),
        method="Late deliveries beyond those expected at the place and time, with intervals",
        domain="deliveries",
        parameters=(
            WAREHOUSE,
            Parameter("category", "One category.", of=("incidents", "category")),
            Parameter("severity", "One severity.", of=("incidents", "severity")),
            Parameter("since", "First day.", "date"),
        ),
        sections=(
            section(
                "incidents",
                "incidents",
                "occurred_on desc",
                {
                    "warehouse": "warehouse",
                    "category": "category",
                    "severity": "severity",
                    "since": ("at_least", "occurred_on"),
                },
                is_paged=True,
            ),
            section(
                "by_category",
                "incident_summary",
                "month desc, affected_orders desc",
                {"category": "category", "since": ("at_least", "month")},
            ),
        ),
    ),
    Subject(
        name="get_operations_summary",
        title="Operations summary",
        meaning=(
            "How operations did month by month, and everything that should be done now, the most "
            "urgent first. Start here on a Monday."
        ),
        method="Score of deliveries less incidents; playbook of rules over all tables",
        domain="actions",
        sections=(
            section("health", "operations_health", NEWEST_MONTH, rows=6),
            section("actions", "recommended_actions", "action_rank", is_paged=True),
            section(
                "deliveries",
                "delivery_performance",
                NEWEST_MONTH,
                where="dimension = 'all'",
                rows=6,
            ),
        ),
    ),
    Subject(
        name="list_action_members",
        title="Whom an action means",
        meaning="Which customers, orders and products a recommended action is about.",
        method="As the rules of the playbook found them; customers to write to agreed to it",
        domain="actions",
        parameters=(
            Parameter(
                "cause",
                "Cause of get_operations_summary.",
                of=("recommended_actions", "cause"),
            ),
        ),
        sections=(
            section("findings", "action_findings", "finding_rank", {"cause": "cause"}, rows=10),
            section(
                "members",
                "action_members",
                "value_at_stake desc nulls last",
                {"cause": "cause"},
                is_paged=True,
            ),
        ),
    ),
    Subject(
        name="get_customer",
        title="One customer",
        meaning="All that is known of one customer in a row, and the newest orders.",
        method="One row of customer_360; what was fitted says its method in its own table",
        domain="customers",
        parameters=(replace(CUSTOMER, is_required=True),),
        sections=(
            section("customer", "customer_360", "", {"customer_id": "customer_id"}),
            section(
                "orders",
                "orders",
                "ordered_at desc nulls last",
                {"customer_id": "customer_id"},
                is_paged=True,
                needs=("customer_id",),
            ),
        ),
    ),
    Subject(
        name="analyze_cohorts",
        title="Cohorts",
        meaning="How many new customers of a month come back, and what they bring in by age.",
        method="Counts with Wilson intervals; incomplete months are marked",
        domain="customers",
        parameters=(
            Parameter("cohort_month", "First day of the month of the first order.", "date"),
            Parameter("age_months", "Age in months.", "integer", least=0, most=600),
        ),
        sections=tuple(
            section(
                name,
                table,
                "cohort_month desc, age_months",
                {"cohort_month": "cohort_month", "age_months": "age_months"},
                is_paged=True,
            )
            for name, table in (("retention", "cohort_retention"), ("revenue", "cohort_revenue"))
        ),
    ),
    Subject(
        name="predict_conversion",
        title="Conversion",
        meaning="Who of those lately touched is about to order, why, and what to do.",
        method="Logistic model of touches, calibrated; what beats no baseline does not serve",
        domain="marketing",
        parameters=(
            Parameter("customer_id", "One customer.", of=("conversion_scores", "customer_id")),
            Parameter("likelihood", "One class.", of=("conversion_scores", "likelihood")),
        ),
        sections=(
            section(
                "scores",
                "conversion_scores",
                "order_probability desc nulls last",
                {"customer_id": "customer_id", "likelihood": "likelihood"},
                is_paged=True,
            ),
            section(
                "came_true", "conversion_calibration", "model, decile", without=("customer_id",)
            ),
        ),
    ),
    Subject(
        name="analyze_marketing",
        title="Marketing",
        meaning=(
            "What came back for the spend of each channel, as credit and as effect, and where the "
            "next amount should go."
        ),
        method="Attribution rules, effect by hold-out where there is one, marketing mix",
        domain="marketing",
        parameters=(CHANNEL,),
        sections=(
            section(
                "returns", "channel_returns", NEWEST_MONTH, {"channel": "channel"}, is_paged=True
            ),
            section("effects", "channel_increments", "channel", {"channel": "channel"}),
            section("budget", "budget_recommendations", "channel", {"channel": "channel"}),
            section("scenarios", "budget_scenarios", "scenario", without=("channel",)),
            section(
                "curves",
                "response_curves",
                "spend_multiple",
                {"channel": "channel"},
                needs=("channel",),
            ),
            section("together", "channel_synergies", "q_value", without=("channel",)),
            section("credit", "attribution", NEWEST_MONTH, {"channel": "channel"}, rows=30),
        ),
    ),
    Subject(
        name="analyze_experiments",
        title="Experiments",
        meaning=(
            "What should happen with each experiment now and why; checks first, then what the "
            "variants changed, with intervals."
        ),
        method="Validity checks, sequential intervals, CUPED, Holm across metrics",
        domain="experiments",
        parameters=(
            Parameter(
                "experiment_id", "One experiment.", of=("experiment_decisions", "experiment_id")
            ),
        ),
        sections=(
            section(
                "decisions",
                "experiment_decisions",
                "experiment_id, variant",
                {"experiment_id": "experiment_id"},
                is_paged=True,
            ),
            section(
                "checks",
                "experiment_checks",
                "experiment_id, check_order",
                {"experiment_id": "experiment_id"},
                needs=("experiment_id",),
            ),
            section(
                "results",
                "experiment_results",
                "is_primary desc, metric",
                {"experiment_id": "experiment_id"},
                needs=("experiment_id",),
                rows=50,
            ),
            section(
                "segments",
                "experiment_segments",
                "is_primary desc, metric, dimension, segment",
                {"experiment_id": "experiment_id"},
                needs=("experiment_id",),
                rows=50,
            ),
            section(
                "days",
                "experiment_daily_results",
                "day desc",
                {"experiment_id": "experiment_id"},
                needs=("experiment_id",),
                rows=60,
            ),
        ),
    ),
    Subject(
        name="recommend_products",
        title="Recommendations",
        meaning="What to offer a customer next and why, when it is due again, what sells with it.",
        method="Blend of strategies that must beat bestsellers and habits, else those serve",
        domain="recommendations",
        parameters=(
            Parameter(
                "customer_id", "One customer.", of=("customer_recommendations", "customer_id")
            ),
            PRODUCT,
        ),
        sections=(
            section(
                "list",
                "customer_recommendations",
                "customer_id, rank",
                {"customer_id": "customer_id", "product_id": "product_id"},
                is_paged=True,
            ),
            section(
                "due_again",
                "next_purchases",
                "next_purchase_on",
                {"customer_id": "customer_id", "product_id": "product_id"},
            ),
            section(
                "sells_with",
                "association_rules",
                "lift desc",
                {"product_id": "antecedent_product_id"},
                needs=("product_id",),
            ),
            section(
                "quality",
                "recommendation_quality",
                "test, is_serving desc, strategy",
                without=("customer_id", "product_id"),
                rows=50,
            ),
        ),
    ),
    Subject(
        name="analyze_support",
        title="Support",
        meaning="How fast support answers and solves, who is slow beyond chance, what is unusual.",
        method="Times in open hours, censored; funnel limits for teams; Erlang for people",
        domain="support",
        parameters=(
            Parameter(
                "dimension",
                "`all`, `team`, `channel` or `priority`.",
                of=("support_performance", "dimension"),
                default="all",
                unless="entity",
            ),
            Parameter("entity", "One of them.", of=("support_performance", "entity")),
        ),
        sections=(
            section(
                "months", "support_performance", NEWEST_MONTH, BY_SLICE, rows=12, is_paged=True
            ),
            section("teams", "team_performance", "performance_rank nulls last"),
            section("anomalies", "support_anomalies", "severity, period_starts_at desc"),
            section(
                "open_promises",
                "sla_results",
                "minutes_left nulls last",
                where="is_open",
                without=("entity",),
            ),
            section(
                "waits",
                "response_time_forecasts",
                "priority, iso_weekday, block_starts_hour",
                without=("entity",),
            ),
            section(
                "people",
                "capacity_plan",
                "channel, hour_of_week, service_target",
                where="open_share > 0",
                without=("entity",),
            ),
        ),
    ),
    Subject(
        name="forecast_metric",
        title="Metrics and forecasts",
        meaning="How a metric went month by month and how it will go on, with intervals.",
        method="The one forecasting mechanism, chosen by rolling origin; intervals of 80 %",
        domain="monitoring",
        parameters=(
            Parameter("metric", "One metric.", of=("metric_series", "metric"), default="revenue"),
            Parameter(
                "dimension", "`all` or a dimension of the metric.", default="all", unless="entity"
            ),
            Parameter("entity", "One value of the dimension."),
        ),
        sections=(
            section(
                "forecasts",
                "metric_forecasts",
                "period",
                {"metric": "metric"} | BY_SLICE,
                is_paged=True,
            ),
            section(
                "months", "metric_series", "period desc", {"metric": "metric"} | BY_SLICE, rows=24
            ),
            section("came_true", "metric_forecast_backtest", "", {"metric": "metric"} | BY_SLICE),
        ),
    ),
    Subject(
        name="forecast_channel_revenue",
        title="Revenue by channel",
        meaning="What revenue each channel will bring, by month and scenario.",
        method="Forecasts reconciled to the total",
        domain="marketing",
        parameters=(
            Parameter("channel", "One channel.", of=("revenue_forecasts", "channel")),
            Parameter("scenario", "One scenario.", of=("revenue_forecasts", "scenario")),
        ),
        sections=(
            section(
                "forecasts",
                "revenue_forecasts",
                "month, channel, scenario",
                {"channel": "channel", "scenario": "scenario"},
                is_paged=True,
            ),
        ),
    ),
    Subject(
        name="find_changes",
        title="What changed",
        meaning="Insights, anomalies and alerts over all metrics, the most important first.",
        method="Detectors whose false alerts per week were measured; false discovery controlled",
        domain="monitoring",
        sections=(
            section("insights", "insights", "is_shown desc, insight_rank", is_paged=True),
            section("alerts", "alerts", "state desc, opened_on desc", is_paged=True),
            section("anomalies", "metric_anomalies", "severity desc, ends_on desc", is_paged=True),
            section("trends", "metric_trends", "", is_paged=True),
            section("change_points", "change_points", "", is_paged=True),
            section("silence", "monitored_series", "", rows=20, is_paged=True),
        ),
    ),
    Subject(
        name="analyze_prices",
        title="Prices",
        meaning="Where prices stand among competitors, and what units do when a price moves.",
        method="Index against the median of competitors; elasticity within product and week",
        domain="pricing",
        parameters=(Parameter("category", "One category."),),
        sections=(
            section("positions", "price_positions", "", {"category": "entity"}, is_paged=True),
            section("elasticities", "price_elasticities", "", {"category": "category"}),
        ),
    ),
    Subject(
        name="analyze_discounts",
        title="Discounts",
        meaning="What a discount did to units and margin, and from which uplift on it pays.",
        method="Against matched weeks without a discount",
        domain="pricing",
        sections=(
            section("effects", "discount_effects", "", is_paged=True),
            section("best", "optimal_discounts", "", is_paged=True),
        ),
    ),
    Subject(
        name="forecast_category_revenue",
        title="Revenue by category",
        meaning="What revenue each category will bring in the months ahead.",
        method="Forecasts reconciled to the total",
        domain="pricing",
        sections=(section("forecasts", "category_revenue_forecasts", "", is_paged=True),),
    ),
    Subject(
        name="analyze_campaigns",
        title="Campaigns",
        meaning="Whom each campaign reached, what it cost and what it caused.",
        method="Hold-out or difference in differences; a selected audience is named as such",
        domain="pricing",
        sections=(section("campaigns", "campaign_performance", "", is_paged=True),),
    ),
    Subject(
        name="analyze_loyalty",
        title="Loyalty",
        meaning="What members earn, spend and hold, and whether they come back more often.",
        method="Differences are not causal unless members were drawn by lot",
        domain="pricing",
        sections=(
            section("months", "loyalty_summary", "month desc", is_paged=True),
            section("points", "loyalty_liability", "", rows=20),
            section("tier_flows", "loyalty_tier_flows", "month desc", rows=30),
        ),
    ),
    Subject(
        name="analyze_sales",
        title="Products and sales",
        meaning="What sells, in units and revenue, by product.",
        method="Sums of orders less returns",
        domain="sales",
        parameters=(
            PRODUCT,
            Parameter("category", "One category.", of=("products", "category")),
        ),
        sections=(
            section(
                "products",
                "products",
                "revenue desc nulls last",
                {"product_id": "product_id", "category": "category"},
                is_paged=True,
            ),
        ),
    ),
    Subject(
        name="check_trust",
        title="How far to trust the figures",
        meaning=(
            "How well each model did on held-out time beside a naive one, and what became of the "
            "rows of each input. Read this before a figure is passed on."
        ),
        method="Backtests on held-out time; rows read = kept + rejected + duplicates",
        domain="quality",
        parameters=(Parameter("mart", "Table that a model fills.", of=("model_quality", "mart")),),
        sections=(
            section("inputs", "input_summary", "input_table", rows=50, without=("mart",)),
            section(
                "models",
                "model_quality",
                "is_serving desc, mart, model, metric",
                {"mart": "mart"},
                is_paged=True,
            ),
        ),
    ),
)
BY_NAME = {subject.name: subject for subject in SUBJECTS}


def built(tables: set[str]) -> list[Subject]:
    """The subjects of which at least one table is in the file."""
    return [subject for subject in SUBJECTS if tables & set(subject.tables)]
