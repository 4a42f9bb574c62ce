"""What topics say beside their answers, for pages, reports and programs alike."""

from datetime import date

from conftest import ROOT, Built

from retail_analytics.serving.catalog import open_catalog
from retail_analytics.serving.questions import answer_topic, days_missed, read_topics

QUESTIONS = ROOT / "dashboards"


def test_a_topic_says_of_which_months_rows_are_missing_that_were_rejected(
    sample_warehouse: Built,
) -> None:
    ((month,),) = sample_warehouse.query(
        "select strftime(month, '%B %Y') from marts.sentiment "
        "where has_unknown_part and dimension = 'all'"
    )
    with open_catalog(sample_warehouse.warehouse) as catalog:
        notes = {
            name: " ".join(answer_topic(catalog, name, read_topics(QUESTIONS)[name]).notes)
            for name in ("reputation", "deliveries", "about")
        }
    said = "Some rows could not be used, and figures are those of the rest: "
    assert notes["reputation"].endswith(f"{said}mentions of {month}.")
    # health and complaints have a part in the score, though a block names deliveries only
    assert f"{said}complaints of days that cannot be read; deliveries of " in notes["deliveries"]
    assert said not in notes["about"]


def test_rejected_rows_are_of_months_or_of_days_that_cannot_be_read() -> None:
    newest = {"month": date(2024, 3, 1), "has_unknown_day": False}
    assert days_missed(newest | {"months": 1}) == ["March 2024"]
    assert days_missed(newest | {"months": 3, "has_unknown_day": True}) == [
        "3 months, the newest March 2024",
        "days that cannot be read",
    ]
    assert days_missed({"months": 0, "month": None, "has_unknown_day": True}) == [
        "days that cannot be read"
    ]
