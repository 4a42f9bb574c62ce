"""Workflows for agents: which tools to call in which order, and what to conclude from them."""

from fastmcp import FastMCP

CLOSING = """
Name the as-of date. Put every interval beside its figure. Where a section is empty or not_built,
pass its reason on instead of a guess. Before you write, call check_trust for the marts you used and
say so where a model does not beat its baseline."""

RETENTION = (
    """\
Find the customers who are slipping away and say whom to write to first, for at most {count} people.

1. analyze_customer_churn: `reasons` and `monthly_rates` first. Is the newest complete month above
   the ones before it, outside their intervals? If so say it; if not, say that nothing changed.
2. analyze_customer_churn with limit {count}: the rows with most `value_at_stake`. A row that is
   not shown (`is_shown` false) or whose status is not ok is no finding.
3. predict_customer_lifetime_value for each of the first three customers, horizon_months 12. Keep
   those whose `value_lower` is above zero: for the others it is not known that they are worth it.
4. list_action_members with cause customers_at_risk: only those may be written to. Whoever is
   not in it must not be written to, however much is at stake.
5. recommend_products for the first three customers: an offer with its reason.

Conclude with a table: customer, risk with interval, main driver, value at stake, action, offer, and
one sentence on what would change your mind."""
    + CLOSING
)

OPERATIONS = (
    """\
Check operations and say what needs somebody today.

1. get_operations_summary: the grade of the newest complete month against those before it.
2. forecast_delivery_performance with periods 3: will the grade fall? `worse_than_usual` names the
   months that were bad beyond habit.
3. forecast_delivery_performance with dimension carrier, then warehouse: who is behind it?
4. analyze_warehouse_incidents with since = the first day of the quarter of the as-of date: do
   incidents explain it (`excess_late_deliveries` with its interval above zero)?
5. optimize_inventory: what is to be ordered today (`order_now_units` above zero), at what cost.

Conclude with one cause if the intervals allow it, else with the two that remain and the figure that
would tell them apart; then at most three actions, each with its owner and what it is worth."""
    + CLOSING
)

SENTIMENT = (
    """\
Find out whether there is a sentiment crisis, where it comes from, and what to answer.

1. analyze_sentiment_trends: is the newest month in `anomalies`? If there is none, stop: say that it
   is habit and chance, and give the usual range.
2. analyze_sentiment_trends with dimension source: on which source did it fall?
3. analyze_warehouse_incidents and forecast_delivery_performance: did something happen in the same
   month? The same month is a hint and no proof.
4. analyze_support with dimension channel: did tickets rise or replies slow down?
5. analyze_customer_churn: did reasons or rates follow? Expect a delay of a month or more.

Conclude: crisis or not, since when, where, the likely cause with how sure that is, and a draft of a
public answer that promises nothing the figures do not carry."""
    + CLOSING
)

MONDAY = (
    """\
The Monday check: what changed, what to do this week, in ten sentences.

1. get_operations_summary: health, and every action of priority 1.
2. find_changes where there is such a tool, else read_topic overview: what moved beyond chance.
3. forecast_metric with metric revenue: is the newest complete month inside what was expected?
4. For each action of priority 1: list_action_members with its cause, the first five.
5. analyze_experiments: anything that must be stopped or shipped?
6. check_trust: was an input missing, were rows rejected, did a model lose to its baseline?

Write at most ten sentences: first what must be done today, then what changed, then what is as
always. Leave out what is neither."""
    + CLOSING
)


def add_prompts(server: FastMCP) -> None:
    @server.prompt(title="Retention")
    def retention_workflow(count: int = 10) -> str:
        """Whom to write to first, and with what offer."""
        return RETENTION.format(count=max(1, min(int(count), 100)))

    @server.prompt(title="Operations check")
    def operations_check() -> str:
        """How operations do, what is behind it, and what needs somebody today."""
        return OPERATIONS

    @server.prompt(title="Sentiment crisis")
    def sentiment_crisis() -> str:
        """Whether there is a crisis, where it comes from, and what to answer."""
        return SENTIMENT

    @server.prompt(title="Monday check")
    def monday_check() -> str:
        """What changed, and what to do this week."""
        return MONDAY
