"""Grouping in the warehouse: the steps of `grouping` and `group_spends` as SQL on relations.

What the fits read is grouped before it leaves DuckDB, so that no table of all customers is ever
held in memory; the bins of a customer are made here only, for the groups and for the scores.
"""

import duckdb

from retail_analytics.customers.clv.grouping import DAY_SCALE, EXACT_FREQUENCY, RESOLUTIONS

SPEND_RESOLUTION = 0.02


def with_bins(
    con: duckdb.DuckDBPyConnection, *, histories: duckdb.DuckDBPyRelation, max_groups: int
) -> duckdb.DuckDBPyRelation:
    """`histories` with frequency_bin, gap_bin, age_bin and their resolution, row by row.

    histories: purpose, frequency, recency_days, age_days and whatever else. For all purposes alike
    the finest of RESOLUTIONS is taken that gives at most `max_groups` groups a purpose.
    """
    for resolution in RESOLUTIONS:
        bins = bin_expressions(resolution)
        widest = con.sql(
            f"""
            select max(group_count)
            from (
                select count(*) as group_count
                from (select distinct purpose, {bins} from histories)
                group by purpose
            )
            """
        ).fetchall()[0][0]
        if (widest or 0) <= max_groups:
            break
    return con.sql(f"select *, {bins}, cast({resolution} as double) as resolution from histories")


def bin_expressions(resolution: float) -> str:
    """SQL of the three bins; `grouping.history_bins` says what they are."""
    gap = "(age_days - recency_days)"
    if resolution == 0:
        expressions = ("frequency", gap, "age_days")
    else:
        expressions = (
            f"case when frequency <= {EXACT_FREQUENCY} then frequency else {EXACT_FREQUENCY + 1} "
            f"+ floor(ln(frequency / {EXACT_FREQUENCY}.0) / {resolution}) end",
            f"floor(ln(1 + {gap} / {DAY_SCALE}) / {resolution})",
            f"floor(ln(1 + age_days / {DAY_SCALE}) / {resolution})",
        )
    names = ("frequency_bin", "gap_bin", "age_bin")
    return ", ".join(
        f"cast({expression} as bigint) as {name}"
        for expression, name in zip(expressions, names, strict=True)
    )


def spend_groups(
    con: duckdb.DuckDBPyConnection, *, histories: duckdb.DuckDBPyRelation
) -> duckdb.DuckDBPyRelation:
    """Purchase counts and similar mean spends as one row, at their mean, with a customer_count.

    histories: purpose, frequency, repeat_mean_spend. The spend model reads repeat purchases, as
    published; `gamma_gamma.group_spends` says what a bin is.
    """
    return con.sql(
        f"""
        with repeaters as (
            select
                purpose,
                frequency as purchase_count,
                -- exact sums: those of doubles depend on the order of rows
                cast(repeat_mean_spend as decimal(18, 6)) as mean_spend,
                avg(cast(repeat_mean_spend as decimal(18, 6))) over (partition by purpose)
                    as centre,
                count(*) over (partition by purpose) as repeater_count
            from histories
            where frequency > 0 and repeat_mean_spend > 0
        )

        select
            purpose,
            purchase_count,
            avg(mean_spend) as mean_spend,
            count(*) as customer_count
        from repeaters
        group by
            purpose,
            purchase_count,
            case
                when repeater_count <= 20000 then cast(mean_spend as double)
                else floor(ln(cast(mean_spend as double) / centre) / {SPEND_RESOLUTION})
            end
        order by all
        """
    )
