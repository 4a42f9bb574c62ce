"""Ids that should meet between files and do not are counted, with the spelling that would do."""

import pytest
from input_folder import load

from retail_analytics.inputs.contract import read_tables
from retail_analytics.inputs.ids import unmet_ids

HEADER = "order_id,product_id,quantity\n"


def said(tmp_path, ids: list[str], products: list[str], **options) -> list[str]:
    files = {
        "order_lines.csv": HEADER + "".join(f"O1,{name},1\n" for name in ids),
        "products.csv": "product_id,product_name\n" + "".join(f"{name},x\n" for name in products),
    }
    return [str(unmet) for unmet in unmet_ids(load(tmp_path, files).con, read_tables(), **options)]


@pytest.mark.parametrize(
    ("here", "there", "hint"),
    [
        ("00123", "123", "without zeros in front 1 of them are"),
        ("a1", "A1", "regardless of case 1 of them are"),
        ("17.0", "17", "without .0 at the end 1 of them are"),
        ("AB-1", "AB 1", "without signs and spaces 1 of them are"),
        ("MÜLLER-1", "müller 1", "without signs and spaces 1 of them are"),
        ("caf\u00e9", "cafe\u0301", "in one form of Unicode 1 of them are"),
        ("1.23E+12", "1230000000000", "1 were cut by a spreadsheet, such as 1.23E+12"),
    ],
)
def test_ids_in_two_spellings_are_named_with_what_would_help(tmp_path, here, there, hint):
    (line,) = said(tmp_path, [here, here, "B"], [there, "B"])
    assert line == (
        f"product_id: 1 of 2 ids (in 2 rows) are not in products, such as {here}; {hint}"
    )


def test_ids_that_meet_and_words_for_nothing_are_not_named(tmp_path):
    assert said(tmp_path, ["A", '"=""B"""', "NULL"], ["A", "B"]) == []
    # without the other file there is nothing to meet
    assert said(tmp_path, ["A"], []) == []


def test_letters_of_any_alphabet_tell_ids_apart(tmp_path):
    (line,) = said(tmp_path, ["Müller"], ["Mäller"])
    assert line.endswith("are not in products, such as Müller")


def test_no_more_rows_are_looked_at_than_said(tmp_path):
    assert said(tmp_path, ["A", "B", "C"], ["A"], most_rows=1) == []
    assert len(said(tmp_path, ["A", "B", "C"], ["A"])) == 1


def test_customers_are_those_of_the_customers_and_not_of_their_requests(tmp_path):
    files = {
        "customers.csv": "customer_id,signed_up_on\nC1,2024-01-01\n",
        "orders.csv": "order_id,ordered_at,customer_id\nO1,2024-01-01,C1\n",
        "erasure_requests.csv": "customer_id,requested_on\nC2,2024-01-01\n",
    }
    (line,) = map(str, unmet_ids(load(tmp_path, files).con, read_tables()))
    assert line == "customer_id: 1 of 1 ids (in 1 row) are not in customers, such as erased-000001"
