"""How values are written for people."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from retail_analytics.serving.values import excel_format, shown


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (True, "", "yes"),
        (False, "", "no"),
        (None, ".1%", "–"),
        (float("nan"), ",.0f", "–"),
        (-1234.5, ",.1f", "−1,234.5"),
        (1234.5, ",.1f", "1,234.5"),
        (-0.04, "+.1f", "0.0"),
        (Decimal("0.656"), ".1%", "65.6\N{NO-BREAK SPACE}%"),
        (1183.07, "figure", "1,183"),
        (99.996, "figure", "100"),
        (18.5, "figure", "18.5"),
        (Decimal("-4.00"), "figure", "−4"),
        (0.004, "figure", "0"),
        (date(2024, 3, 5), "%b %Y", "Mar 2024"),
        (date(2024, 3, 5), "", "5 Mar 2024"),
        (datetime(2024, 3, 5, 9, 7, tzinfo=UTC), "", "5 Mar 2024, 09:07 UTC"),
        ("a-b\x00", "", "a-b"),
    ],
)
def test_a_value_is_shown_as_people_read_it(value, form, text):
    assert shown(value, form) == text


@pytest.mark.parametrize(
    ("form", "excel"),
    [
        (",.0f", "#,##0"),
        (",d", "#,##0"),
        (".1%", "0.0%"),
        ("+.1f", "+0.0;-0.0;0.0"),
        ("figure", "#,##0.00"),
        ("%B %Y", "mmm yyyy"),
        ("", ""),
    ],
)
def test_a_workbook_shows_the_digits_that_a_page_shows(form: str, excel: str) -> None:
    assert excel_format(form) == excel
