"""A folder in which every kind of bad row stands beside good ones, and what must become of each.

`ROWS`: per file the header, then (what it shows, the line, its fate). A fate is `KEPT`, `DUPLICATE`
or the reasons of the rejection, the first one first.
"""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

KEPT, DUPLICATE = "kept", "duplicate"
LONG_ID = "x" * 10_000
Fate = str | list[str]

ROWS: dict[str, tuple[str, list[tuple[str, str, Fate]]]] = {
    "customers": (
        "customer_id,signed_up_on,customer_name,marketing_consent",
        [
            ("good, and older", "C1,2024-01-01,Ann,yes", ["duplicate_key"]),
            ("good, and newer", "C1,2024-02-01,Anna,no", KEPT),
            ("newest, and faulty", "C1,2024-03-01,Anne,maybe", ["unreadable_marketing_consent"]),
            ("the same row again", "C1,2024-02-01,Anna,no", DUPLICATE),
            ("day first", "C2,31/12/2024,Bob,", ["unreadable_signed_up_on"]),
            ("month 13", "C3,2024-13-01,Cid,", ["unreadable_signed_up_on"]),
            ("30 February", "C4,2024-02-30,Dan,", ["unreadable_signed_up_on"]),
            ("empty date", "C5,,Eve,", ["missing_signed_up_on"]),
            ("more than a date", "C6,2024-01-01x,Fay,", ["unreadable_signed_up_on"]),
            ("no end of days", "C7,infinity,Guy,", ["unreadable_signed_up_on"]),
            ("before 1990", "C8,1899-12-30,Hal,", ["implausible_signed_up_on"]),
            ("blank id", "   ,2024-01-01,Ida,", ["missing_customer_id"]),
            ("id of a no-break space", "\u00a0,2024-01-01,Jim,", ["missing_customer_id"]),
            ("id with a space", "C 9,2024-01-01,Kim,", KEPT),
            ("id with spaces around", "  C10 ,2024-01-01,Lea,", KEPT),
            ("id with quotation marks", '"C""11",2024-01-01,Max,', KEPT),
            ("id that is SQL", "'; drop table orders; --,2024-01-01,Bobby,", KEPT),
            ("id that is a template", "{{ ref('orders') }},2024-01-01,Pat,", KEPT),
            ("id of 10,000 characters", f"{LONG_ID},2024-01-01,Tom,", KEPT),
            ("name with a line end", 'C12,2024-01-01,"Uma\nVan",', KEPT),
        ],
    ),
    "products": (
        "product_id,product_name,list_price,unit_cost,is_perishable",
        [
            ("good", "P1,Mug,10,4,no", KEPT),
            ("amount with its currency", "P2,Pot,10 EUR,4,", ["unreadable_list_price"]),
            ("not a number", "P3,Pan,NaN,4,", ["unreadable_list_price"]),
            ("infinite", "P10,Lid,4,inf,", ["unreadable_unit_cost"]),
            ("too large by far", "P4,Cup,1e308,,", ["unreadable_list_price"]),
            ("too large by one", "P5,Lid,10000000000,,", ["unreadable_list_price"]),
            ("as large as can be", "P6,Can,9999999999.9999,9999999999.9999,", KEPT),
            ("negative price", "P7,Jar,-0.01,,", ["invalid_list_price"]),
            ("currency sign", "P8,Jug,€5,,", ["unreadable_list_price"]),
            ("no name", "P9,,1,,", ["missing_product_name"]),
            ("a sum", "Total,All,99,,", ["report_row"]),
            (
                "the header again",
                "product_id,product_name,list_price,unit_cost,is_perishable",
                # seen by the reader already, which knows the header
                ["unreadable_row"],
            ),
        ],
    ),
    "orders": (
        "order_id,ordered_at,customer_id,order_status,order_total",
        [
            ("with an offset", "O1,2024-03-01T01:00:00+02:00,C1,,100", KEPT),
            ("in the year 9999", "O2,9999-01-01,C1,,", ["implausible_ordered_at"]),
            ("at the end of time", "O3,294247-01-10 04:00:54+00,C1,,", ["unreadable_ordered_at"]),
            ("status nobody knows", "O4,2024-03-05,C1,sent,", ["unreadable_order_status"]),
            ("status in capitals", "O5,2024-03-05,,RETURNED,9999999999.9999", KEPT),
            ("as large as can be", "O6,2024-03-05,C1,placed,9999999999.9999", KEPT),
            ("once more", "O7,2024-03-05,C1,placed,9999999999.9999", KEPT),
            ("customer nobody knows", "O8,2024-03-05,C99,,5", KEPT),
            ("nothing at all", ",,,,", ["missing_order_id", "missing_ordered_at"]),
            ("negative total", "O9,2024-03-05,C1,,-1", ["invalid_order_total"]),
            ("no total", "O10,2024-03-05,C1,,", KEPT),
        ],
    ),
    "order_lines": (
        "order_id,product_id,quantity,line_number,unit_price,note",
        [
            ("number 1", "O1,P1,2,1,5.5,", ["duplicate_key"]),
            ("number 01", "O1,P1,2,01,5.5,", KEPT),
            ("no number", "O1,P1,2,,5.5,", KEPT),
            ("no number, the same row again", "O1,P1,2,,5.5,", DUPLICATE),
            ("no number, other note", "O1,P1,2,,5.5,gift", KEPT),
            ("negative quantity", "O1,P1,-2,3,5.5,", ["invalid_quantity"]),
            ("zero quantity", "O1,P1,0,4,5.5,", ["invalid_quantity"]),
            ("order was rejected", "O2,P1,1,1,1,", ["unknown_order"]),
            ("order was never there", "O404,P1,1,1,1,", ["unknown_order"]),
            ("not a number", "O5,P1,1,1,NaN,", ["unreadable_unit_price"]),
            ("ten billion", "O6,P6,9999999999,2,2,", ["invalid_unit_price"]),
            ("nearly ten billion", "O6,P6,9999999999,3,1,", KEPT),
            ("twice", "O6,P6,1,4,9999999999.9999,", KEPT),
            ("share of a large total", "O7,P6,9999999999,1,,", KEPT),
            ("article nobody knows", "O8,P404,1,1,5,", KEPT),
            ("no price known anywhere", "O10,P405,1,1,,", KEPT),
            (
                "three faults",
                "O1,,x,1.5,1,",
                ["missing_product_id", "unreadable_quantity", "unreadable_line_number"],
            ),
        ],
    ),
    "deliveries": (
        "delivery_id,order_id,promised_on,shipped_at,delivered_at,carrier,warehouse",
        [
            ("words of the marts", "D1,O1,2024-03-05,2024-03-02,2024-03-04,all,all", KEPT),
            (
                "delivered before shipped",
                "D2,O1,2024-03-05,2024-03-06,2024-03-04,,",
                ["delivered_before_shipped"],
            ),
            ("order was rejected", "D3,O2,2024-03-05,,,,", ["unknown_order"]),
            ("promised for never", "D4,O1,9999-12-31,,,,", ["implausible_promised_on"]),
            ("arrives on the last day of all", "D9,O1,2024-03-05,,9999-12-31 00:00:00,,", KEPT),
            ("in the year 9999", "D5,O1,2024-03-05,,9999-01-01,,", ["implausible_delivered_at"]),
            ("NULL as a word", "D6,O1,2024-03-05,,NULL,,", KEPT),
            ("not shipped", "D7,O1,2024-03-05,,,,", ["duplicate_key"]),
            ("the same, shipped", "D7,O1,2024-03-05,2024-03-02,,,", KEPT),
            ("delivered before it was ordered", "D8,O1,2024-03-05,,2024-02-01,,", KEPT),
        ],
    ),
    "delivery_months": (
        "month,average_delivery_days,on_time_rate_pct,complaint_count",
        [
            ("first of the month", "2023-01-01,3,90,1", ["duplicate_key"]),
            ("another day of it", "2023-01-15,3,91,1", KEPT),
            ("over 100 %", "2023-02-01,3,101,", ["invalid_on_time_rate_pct"]),
            ("half a complaint", "2023-03-01,3,100,1.5", ["unreadable_complaint_count"]),
            ("no month", "January,3,90,", ["unreadable_month"]),
        ],
    ),
    "complaints": (
        "complained_on,topic,order_id,complaint_count",
        [
            ("good", "2024-03-04,late,O1,", KEPT),
            ("no day", ",late,O1,1", ["missing_complained_on"]),
            ("fewer than none", "2024-03-04,late,,-1", ["invalid_complaint_count"]),
        ],
    ),
    "incidents": (
        "incident_id,occurred_on,description,affected_orders,resolved_at",
        [
            ("over before it began", "I1,2024-03-03,strike,9999999999,2024-01-01", KEPT),
            ("no words", "I2,2024-03-03, ,1,", ["missing_description"]),
        ],
    ),
    "mentions": (
        "mentioned_on,positive_count,negative_count,neutral_count,source",
        [
            ("source named all", "2024-03-01,9999999999,0,0,all", KEPT),
            ("source named unknown", "2024-03-01,1,0,0,unknown", KEPT),
            ("no source", "2024-03-01,1,0,0,", KEPT),
            ("nobody said anything", "2024-04-01,0,0,0,x", KEPT),
            ("below zero", "2024-04-01,-1,0,0,x", ["invalid_positive_count"]),
        ],
    ),
    "cancellations": (
        "cancelled_on,reason,cancellation_count",
        [
            ("two spellings of a reason", "2024-03-01,Other,9999999999", KEPT),
            ("the other", "2024-03-01,OTHER,9999999999", KEPT),
            ("no reason", "2024-03-01,\t,1", ["missing_reason"]),
        ],
    ),
    "touchpoints": (
        "touchpoint_id,customer_id,touched_at,channel,touch_type",
        [
            ("good", "T0,C1,2024-01-01,web,CLICK", KEPT),
            ("a type nobody knows", "T3,C1,2024-01-01,web,glance", ["unreadable_touch_type"]),
            ("a customer named nothing", "T4,\\N,2024-01-01,web,", ["missing_customer_id"]),
            ("a sum", "T5,C1,2024-01-01,Total,", ["report_row"]),
            ("a sum and a colon", "Grand Total: ,C1,2024-01-01,web,", ["report_row"]),
            ("a sum elsewhere", "Gesamtergebnis,C1,2024-01-01,web,", ["report_row"]),
            ("no time", "T1,C1,soon,web,", ["unreadable_touched_at"]),
            ("no channel", "T2,C1,2024-01-01,,", ["missing_channel"]),
            ("a word of the marts", "T6,C1,2024-02-28,all,", KEPT),
        ],
    ),
    "experiment_assignments": ("experiment_id,customer_id,variant,assigned_at", []),
    "ticket_events": (
        "ticket_id,occurred_at,event",
        [
            ("good", "S1,2024-01-01 12:00:00,Opened", KEPT),
            ("event nobody knows", "S1,2024-01-02,escalated", ["unreadable_event"]),
        ],
    ),
    "price_changes": (
        "observed_on,price,product_id,category,competitor",
        [
            ("own", "2024-01-01,10,P1,,", KEPT),
            ("a competitor's", "2024-01-01,9,P1,,Rival", KEPT),
            ("of a category", "2024-01-01,9,,Mugs,Rival", KEPT),
            ("of nothing", "2024-01-01,9,,,Rival", ["missing_product_id"]),
            ("negative", "2024-01-02,-1,P1,,", ["invalid_price"]),
            ("newer", "2024-03-01,8,P1,,Rival", KEPT),
            ("another competitor's", "2024-03-01,11,P1,,Other", KEPT),
            ("with its currency sign", "2024-03-02,€7,P1,,Other", ["unreadable_price"]),
            ("with its currency", "2024-03-02,7 EUR,P1,,Other", ["unreadable_price"]),
            ("for nothing, which is no price", "2024-03-02,0,P1,,Rival", KEPT),
        ],
    ),
    "campaigns": (
        "campaign,starts_on,ends_on,discount_rate",
        [
            ("good", "Spring,2024-03-01,2024-03-31,0.1", KEPT),
            ("backwards", "Back,2024-03-31,2024-03-01,", ["ends_before_it_starts"]),
            ("over 100 %", "All,2024-03-01,2024-03-31,20", ["invalid_discount_rate"]),
        ],
    ),
    "loyalty_events": (
        "customer_id,occurred_on,points,kind",
        [
            ("earned", "C1,2024-03-01,100,earned", KEPT),
            ("the same again", "C1,2024-03-01,100,earned", DUPLICATE),
            ("given", "C1,2024-03-01,100,given", ["unreadable_kind"]),
        ],
    ),
    "experiment_outcomes": (
        "experiment_id,customer_id,metric,value,observed_at",
        [
            ("good", "E1,C1,rounds,3,", KEPT),
            ("no value", "E1,C1,rounds,,", ["missing_value"]),
        ],
    ),
    "erasure_requests": (
        "customer_id,requested_on",
        [
            ("good", "C77,2024-03-01", KEPT),
            ("nobody", "NULL,2024-03-01", ["missing_customer_id"]),
        ],
    ),
    "llm_outputs": (
        "subject_type,subject_id,kind,text,made_at",
        [
            ("good", "customer,C1,summary,A text.,2024-03-02", KEPT),
            ("older", "customer,C1,summary,Another text.,2024-03-01", ["duplicate_key"]),
        ],
    ),
    "llm_usage": (
        "made_at,subject_type,subject_id,kind,attempt,model,outcome,input_tokens",
        [
            ("before", "2024-03-02 10:00:00,action,a,summary,1,m,ok,130", ["duplicate_key"]),
            ("good", "2024-03-02 10:00:00,action,a,summary,1,m,ok,120", KEPT),
            ("outcome", "2024-03-02 10:00:00,action,a,summary,2,m,lost,1", ["unreadable_outcome"]),
        ],
    ),
    # lines without shape are numbered after the others
    "ad_spend": (
        "spent_on,channel,spend_amount,campaign",
        [
            ("good", "2024-03-01,tv,10,", KEPT),
            ("too short", "2024-03-01,tv", ["unreadable_row"]),
            ("too long", "2024-03-01,tv,1,a,b", ["unreadable_row"]),
            ("text after a closed quotation mark", '2024-03-01,"tv"x,1,a', ["unreadable_row"]),
        ],
    ),
}  # fmt: skip

NAN = float("nan")
NOON = datetime(2024, 1, 1, 12)
PARQUET = {
    "stock_levels": (
        {
            "product_id": pa.array([1.0, 1.0, 2.0, 3.0, None]),
            "counted_on": pa.array([NOON] * 5, pa.timestamp("us", "America/New_York")),
            "on_hand_units": pa.array([5.0, NAN, float("inf"), -1.0, 1.0]),
            "shelves": pa.array([[1, 2]] * 5),
        },
        [
            ("good", KEPT),
            ("not a number", ["unreadable_on_hand_units"]),
            ("infinite", ["unreadable_on_hand_units"]),
            ("oversold", KEPT),
            ("no id", ["missing_product_id"]),
        ],
    ),
    "support_tickets": (
        {
            "ticket_id": pa.array(["S1", "S2", "S3", "S4"]),
            "opened_at": pa.array([NOON, datetime(9999, 1, 1), None, NOON]),
            "satisfaction_score": pa.array([5.0, 1e308, NAN, None]),
            "message": pa.array(["good", "late", "lost", "none"]),
        },
        [
            ("good", KEPT),
            ("year 9999", ["implausible_opened_at", "unreadable_satisfaction_score"]),
            ("no time", ["missing_opened_at"]),
            ("no score", KEPT),
        ],
    ),
}


def fates() -> list[tuple[str, int, str, Fate]]:
    """Every row: its table, its number, what it shows and its fate."""
    csv_rows = {
        table: [(shows, fate) for shows, _, fate in rows] for table, (_, rows) in ROWS.items()
    }
    parquet_rows = {table: rows for table, (_, rows) in PARQUET.items()}
    return [
        (table, number, shows, fate)
        for table, rows in (csv_rows | parquet_rows).items()
        for number, (shows, fate) in enumerate(rows, start=1)
    ]


def write_bad_rows(folder: Path) -> None:
    """Writes the folder: some files with semicolons or CRLF, one with a byte-order mark."""
    for table, (header, rows) in ROWS.items():
        text = "\n".join([header, *(line for _, line, _ in rows)]) + "\n"
        if table == "mentions":
            text = text.replace(",", ";")
        if table == "orders":
            text = text.replace("\n", "\r\n")
        if table == "order_lines":
            text = "\ufeff" + text.replace("order_id", ' "Order_ID" ')
        (folder / f"{table}.csv").write_text(text, encoding="utf-8", newline="")
    for table, (columns, _) in PARQUET.items():
        pq.write_table(pa.table(columns), folder / f"{table}.parquet")
