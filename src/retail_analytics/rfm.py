"""Recency, frequency, monetary scores and segments (Hughes 1994), in SQL on DuckDB relations.

Nothing is held in memory: a relation goes in, a lazy relation comes out.
"""

import duckdb

# fifths of fewer customers than this say nothing
MINIMUM_CUSTOMERS = 5
METHOD = "fifths by cumulative share"


def score(
    con: duckdb.DuckDBPyConnection,
    *,
    measures: duckdb.DuckDBPyRelation,
    cells: duckdb.DuckDBPyRelation,
    segments: duckdb.DuckDBPyRelation,
) -> duckdb.DuckDBPyRelation:
    """Scores, outlier flags, segment and a sentence why, for every customer and as-of date.

    measures: as_of_date, customer_id, recency_days (null without a purchase), frequency,
    monetary (amount); one row a customer and as-of date. cells: the segment of each of the 125
    combinations of scores. segments: strategy by segment. All relations of `con`.

    A score is 5 for the best fifth down to 1: 6 - ceil(5 x share of customers at least as good).
    Equal customers get equal scores (`ntile` would break ties at random), and where all are equal
    the score is 3. An outlier lies more than 1.5 interquartile ranges outside the quartiles of the
    logarithm (Tukey 1977). Customers without purchase, and all of them where fewer than five have
    bought, have no scores and the status `insufficient_data`.
    """
    # DuckDB finds the three relations by the names of these arguments
    return con.sql(
        f"""
        with buyers as (
            select
                *,
                log(1 + recency_days) as log_recency,
                log(frequency) as log_frequency,
                log(1 + greatest(monetary, 0)) as log_monetary,
                count(*) over (partition by as_of_date) as buyer_count
            from measures
            where recency_days is not null
        ),

        fences as (
            select
                as_of_date,
                {fences("log_recency")},
                {fences("log_frequency")},
                {fences("log_monetary")}
            from buyers
            group by as_of_date
        ),

        shares as (
            select
                *,
                cume_dist() over (partition by as_of_date order by recency_days) as recency_share,
                cume_dist() over (partition by as_of_date order by frequency desc)
                    as frequency_share,
                cume_dist() over (partition by as_of_date order by monetary desc) as monetary_share
            from buyers
            where buyer_count >= {MINIMUM_CUSTOMERS}
        ),

        scored as (
            select
                shares.*,
                {fifth("recency_share", "recency")},
                {fifth("frequency_share", "frequency")},
                {fifth("monetary_share", "monetary")},
                {outlier("log_recency")} as is_recency_outlier,
                {outlier("log_frequency")} as is_frequency_outlier,
                {outlier("log_monetary")} as is_monetary_outlier
            from shares
            inner join fences using (as_of_date)
        )

        select
            measures.customer_id,
            cells.segment,
            segments.strategy,
            'last order ' || {counted("recency_days", "day")} || ' ago, '
            || {better("recency_share")}
            || '; ' || {counted("frequency", "order")} || ', ' || {better("frequency_share")}
            || '; ' || format('{{:,.2f}}', cast(scored.monetary as double)) || ' spent, '
            || {better("monetary_share")} as explanation,
            '{METHOD}' as method,
            case when scored.customer_id is null then 'insufficient_data' else 'ok' end as status,
            scored.is_recency_outlier,
            scored.is_frequency_outlier,
            scored.is_monetary_outlier,
            measures.recency_days,
            measures.frequency,
            measures.monetary,
            scored.recency_score,
            scored.frequency_score,
            scored.monetary_score,
            measures.as_of_date
        from measures
        left join scored using (as_of_date, customer_id)
        left join cells using (recency_score, frequency_score, monetary_score)
        left join segments using (segment)
        """
    )


def fences(measure: str) -> str:
    """SQL for Tukey's fences of a measure."""
    low, high = f"quantile_cont({measure}, 0.25)", f"quantile_cont({measure}, 0.75)"
    return (
        f"{low} - 1.5 * ({high} - {low}) as {measure}_lower, "
        f"{high} + 1.5 * ({high} - {low}) as {measure}_upper"
    )


def outlier(measure: str) -> str:
    return f"{measure} not between {measure}_lower and {measure}_upper"


def fifth(share: str, measure: str) -> str:
    """SQL for a score from the share of customers at least as good (rounded: 5 * 0.6 is over 3)."""
    return (
        f"case when min({share}) over (partition by as_of_date) = 1 then 3 "
        f"else 6 - cast(ceil(round(5 * {share}, 9)) as bigint) end as {measure}_score"
    )


def counted(measure: str, noun: str) -> str:
    """SQL for a number with its noun, `1 day` or `2 days`."""
    return f"scored.{measure} || case when scored.{measure} = 1 then ' {noun}' else ' {noun}s' end"


def better(share: str) -> str:
    """SQL for a half-sentence on how many customers are strictly worse."""
    return f"'better than ' || cast(floor(100 * (1 - scored.{share})) as bigint) || ' %'"
