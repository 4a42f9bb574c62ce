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
        (-0.04, ".1f", "0.0"),
        (Decimal("0.656"), ".1%", "65.6%"),
        (date(2024, 3, 5), "%b %Y", "Mar 2024"),
        (date(2024, 3, 5), "", "5 Mar 2024"),
        (datetime(2024, 3, 5, 9, 7, tzinfo=UTC), "", "5 Mar 2024, 09:07 UTC"),
        ("a\x00b", "", "ab"),
    ],
)
def test_a_value_is_shown_as_people_read_it(value, form, text):
    assert shown(value, form) == text


def test_a_spreadsheet_gets_the_same_format():
    assert excel_format(",.0f") == "#,##0"
    assert excel_format("+.1f") == "+0.0;-0.0;0.0"
    assert excel_format("%b %Y") == "mmm yyyy"
