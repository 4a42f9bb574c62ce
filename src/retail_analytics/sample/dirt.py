"""The little dirt in a sample: rows that staging must drop as duplicates or reject, and why.

The truths know nothing of it. Rows are copies of good ones, changed by hand.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

Row = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """So many bad rows of a table, the reason that staging gives, and what is changed in a copy.

    `change` gets the copy and a number from 1; new ids begin with X, which no good row has.
    """

    table: str
    reason: str
    count: int
    change: Callable[[Row, int], Row]


def same(row: Row, number: int) -> Row:
    """The row as it is: an exact duplicate."""
    return row


FAULTS = (
    Fault("customers", "exact_duplicate", 3, same),
    Fault(
        "customers",
        "duplicate_key",
        1,
        lambda row, n: row | {"signed_up_on": row["signed_up_on"] - timedelta(days=2)},
    ),
    Fault(
        "customers",
        "missing_signed_up_on",
        1,
        lambda row, n: row | {"customer_id": f"XC{n}", "signed_up_on": None},
    ),
    Fault(
        "products",
        "invalid_list_price",
        1,
        lambda row, n: row | {"product_id": f"XP{n}", "list_price": Decimal("-1.00")},
    ),
    Fault("orders", "exact_duplicate", 4, same),
    Fault(
        "orders",
        "duplicate_key",
        2,
        lambda row, n: row | {"ordered_at": row["ordered_at"] - timedelta(hours=1)},
    ),
    Fault(
        "orders",
        "missing_ordered_at",
        1,
        lambda row, n: row | {"order_id": f"XO1{n}", "ordered_at": None},
    ),
    Fault(
        "orders",
        "implausible_ordered_at",
        1,
        lambda row, n: row | {"order_id": f"XO2{n}", "ordered_at": datetime(2204, 5, 6, 10)},
    ),
    Fault("order_lines", "exact_duplicate", 8, same),
    Fault(
        "order_lines",
        "missing_product_id",
        1,
        lambda row, n: row | {"line_number": 90, "product_id": None},
    ),
    Fault(
        "order_lines",
        "invalid_quantity",
        2,
        lambda row, n: row | {"line_number": 91, "quantity": 1 - n},
    ),
    Fault(
        "order_lines",
        "invalid_unit_price",
        1,
        lambda row, n: row | {"line_number": 92, "unit_price": Decimal("-1.00")},
    ),
    Fault("order_lines", "unknown_order", 3, lambda row, n: row | {"order_id": f"XO3{n}"}),
    Fault("deliveries", "exact_duplicate", 4, same),
    Fault(
        "deliveries",
        "missing_promised_on",
        1,
        lambda row, n: row | {"delivery_id": f"XD1{n}", "promised_on": None},
    ),
    Fault(
        "deliveries",
        "unknown_order",
        1,
        lambda row, n: row | {"delivery_id": f"XD2{n}", "order_id": "XO"},
    ),
    Fault(
        "deliveries",
        "delivered_before_shipped",
        2,
        lambda row, n: (
            row | {"delivery_id": f"XD3{n}", "delivered_at": row["shipped_at"] - timedelta(days=30)}
        ),
    ),
    Fault("complaints", "missing_complained_on", 1, lambda row, n: row | {"complained_on": None}),
    Fault("stock_levels", "exact_duplicate", 3, same),
    Fault("stock_levels", "invalid_on_order_units", 2, lambda row, n: row | {"on_order_units": -n}),
    Fault("mentions", "invalid_negative_count", 1, lambda row, n: row | {"negative_count": -1}),
    Fault("cancellations", "missing_reason", 2, lambda row, n: row | {"reason": None}),
    Fault("touchpoints", "exact_duplicate", 5, same),
    Fault(
        "touchpoints",
        "missing_channel",
        2,
        lambda row, n: row | {"touchpoint_id": f"XT{n}", "channel": None},
    ),
    Fault("ad_spend", "missing_spend_amount", 1, lambda row, n: row | {"spend_amount": None}),
    Fault(
        "support_tickets",
        "implausible_opened_at",
        1,
        lambda row, n: row | {"ticket_id": f"XS1{n}", "opened_at": datetime(1970, 1, 1)},
    ),
    Fault(
        "support_tickets",
        "unreadable_satisfaction_score",
        3,
        lambda row, n: row | {"ticket_id": f"XS2{n}", "satisfaction_score": "good"},
    ),
    Fault("experiment_assignments", "exact_duplicate", 2, same),
)


def with_dirt(name: str, table: pa.Table) -> tuple[pa.Table, list[Row]]:
    """The table with its bad rows at the end, and one row of truth_rejections for each fault."""
    bad: list[Row] = []
    truths: list[Row] = []
    for fault in FAULTS:
        if fault.table == name and table.num_rows:
            for number in range(1, fault.count + 1):
                # spread over the table; every copy is of another row
                position = (len(bad) + 1) * 97 % table.num_rows
                row = table.slice(position, 1).to_pylist()[0]
                bad.append(fault.change(row, number))
            truths.append({"input_table": name, "reason": fault.reason, "row_count": fault.count})
    return pa.concat_tables([table, pa.Table.from_pylist(bad, schema=table.schema)]), truths
