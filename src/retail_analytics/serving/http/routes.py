"""Which subject answers under which path. Several paths may show one section of a subject."""

from dataclasses import dataclass

from retail_analytics.serving.api.subjects import SUBJECTS


@dataclass(frozen=True)
class Route:
    """A path below /api/v1; `sections` are those it shows, all where it names none.

    A parameter of the subject that stands in the path in braces comes from there; `fixed` ones
    cannot be asked for otherwise.
    """

    path: str
    subject: str
    title: str
    sections: tuple[str, ...] = ()
    fixed: tuple[tuple[str, object], ...] = ()

    @property
    def in_path(self) -> tuple[str, ...]:
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @property
    def name(self) -> str:
        words = self.path.strip("/").replace("{", "").replace("}", "")
        return "get_" + words.replace("/", "_").replace("-", "_")


METRICS = (("dimension", "all"),)
NAMED = (
    Route("/predictions/churn", "analyze_customer_churn", "Who is likely to stay away", ("risks",)),
    Route("/predictions/conversion", "predict_conversion", "Who is about to order", ("scores",)),
    Route("/predictions/revenue", "forecast_channel_revenue", "Revenue by channel", ("forecasts",)),
    Route("/insights", "find_changes", "What changed and what it is worth", ("insights",)),
    Route("/anomalies", "find_changes", "What was unusual", ("anomalies",)),
    Route("/trends", "find_changes", "Where metrics are going", ("trends",)),
    Route("/alerts", "find_changes", "What is open", ("alerts",)),
    Route("/customers/{customer_id}", "get_customer", "One customer", ("customer",)),
    Route("/customers/{customer_id}/behaviour", "get_customer", "A customer and the newest orders"),
    Route(
        "/customers/{customer_id}/clv",
        "predict_customer_lifetime_value",
        "What a customer will bring in",
        ("values",),
    ),
    Route(
        "/customers/{customer_id}/segment",
        "segment_customers",
        "Which segment a customer is in",
        ("customers", "cluster"),
    ),
    Route(
        "/customers/{customer_id}/churn",
        "analyze_customer_churn",
        "How likely a customer is to stay away",
        ("risks",),
    ),
    Route(
        "/customers/{customer_id}/recommendations",
        "recommend_products",
        "What to offer a customer",
        ("list", "due_again"),
    ),
    Route("/cohorts/retention", "analyze_cohorts", "How many come back", ("retention",)),
    Route("/cohorts/revenue", "analyze_cohorts", "What they bring in as they age", ("revenue",)),
    Route("/roi", "analyze_marketing", "What came back for the spend", ("returns",)),
    Route("/budget", "analyze_marketing", "Where the next amount should go", ("budget",)),
    Route("/budget/scenarios", "analyze_marketing", "What another budget brings", ("scenarios",)),
    Route(
        "/forecasts/revenue",
        "forecast_metric",
        "Revenue in the months ahead",
        ("forecasts",),
        (("metric", "revenue"),),
    ),
    Route(
        "/forecasts/conversions",
        "forecast_metric",
        "Conversions in the months ahead",
        ("forecasts",),
        (("metric", "conversion_rate"),),
    ),
)
ROUTES = (
    *NAMED,
    *(
        Route(f"/subjects/{subject.name.replace('_', '-')}", subject.name, subject.title)
        for subject in SUBJECTS
    ),
)
