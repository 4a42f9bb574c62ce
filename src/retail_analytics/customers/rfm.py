"""Recency, frequency, monetary scores and segments (Hughes 1994), in SQL on DuckDB relations.

Nothing is held in memory: a relation goes in, a lazy relation comes out.
"""

from retail_analytics.storage.engine import Connection, Relation, query

# fifths of fewer customers than this say nothing
MINIMUM_CUSTOMERS = 5
# the score of the middle fifth, and of all where all are equal
MIDDLE = 3
METHOD = "fifths by cumulative share"


def score(
    con: Connection,
    *,
    measures: Relation,
    cells: Relation,
    segments: Relation,
) -> Relation:
    """Scores, segment and strategy for every customer and as-of date.

    measures: as_of_date, customer_id, recency_days (null without a purchase), frequency,
    monetary (amount); one row per customer and as-of date. cells: the segment of each of the 125
    combinations of scores. segments: strategy by segment, the minimum_recency_days before which a
    customer is in none that speaks of silence, and the maximum_recency_days after which a customer
    is in its later_segment. All relations of `con`.

    A score is 5 for the best fifth down to 1: 6 - ceil(5 x share of customers at least as good).
    Equal customers get equal scores (`ntile` would break ties at random), and where all are equal
    the score is 3. In the map one order counts as a frequency of 1 and several as at least 2,
    whatever others do, so that what is said of customers who ordered once is said of no others.
    Who bought too lately for the segment of the scores has that of the middle fifth by recency: in
    its first month a shop has lost nobody.
    Customers without purchase, and all of them where fewer than five have bought, have no scores
    and the status `insufficient_data`.
    """
    # DuckDB finds the three relations by the names of these arguments
    return query(
        con,
        f"""
        with bounds as (
            select
                as_of_date,
                {bounds("-recency_days", "recency")},
                {bounds("frequency", "frequency")},
                {bounds("monetary", "monetary")}
            from measures
            where recency_days is not null
            group by as_of_date
            having count(*) >= {MINIMUM_CUSTOMERS}
        ),

        scored as (
            select
                measures.*,
                bounds.as_of_date is not null as is_scored,
                {fifth("-measures.recency_days", "recency")} as recency_score,
                {fifth("measures.frequency", "frequency")} as frequency_score,
                {fifth("measures.monetary", "monetary")} as monetary_score
            from measures
            left join bounds
                on measures.as_of_date = bounds.as_of_date and measures.recency_days is not null
        )

        select
            scored.customer_id,
            segments.segment,
            segments.strategy,
            '{METHOD}' as method,
            case when scored.is_scored then 'ok' else 'insufficient_data' end as status,
            scored.recency_days,
            scored.frequency,
            scored.monetary,
            scored.recency_score,
            scored.frequency_score,
            scored.monetary_score,
            scored.as_of_date
        from scored
        left join cells
            on
                scored.recency_score = cells.recency_score
                and cells.frequency_score = case
                    when scored.frequency = 1 then 1
                    else greatest(2, scored.frequency_score)
                end
                and scored.monetary_score = cells.monetary_score
        left join segments as first_segments on cells.segment = first_segments.segment
        left join cells as middle_cells
            on
                middle_cells.recency_score = {MIDDLE}
                and cells.frequency_score = middle_cells.frequency_score
                and cells.monetary_score = middle_cells.monetary_score
        left join segments
            on
                segments.segment = case
                    when scored.recency_days > first_segments.maximum_recency_days
                        then first_segments.later_segment
                    when scored.recency_days < first_segments.minimum_recency_days
                        then middle_cells.segment
                    else cells.segment
                end
        """,
        measures=measures,
        cells=cells,
        segments=segments,
    )


def explain(con: Connection, *, scored: Relation) -> Relation:
    """What `score` gives, with outlier flags and a sentence that says why.

    An outlier lies more than 1.5 interquartile ranges outside the quartiles of the logarithm (Tukey
    1977).
    """
    return query(
        con,
        f"""
        with buyers as (
            select
                as_of_date,
                customer_id,
                recency_days,
                frequency,
                monetary,
                log(1 + recency_days) as log_recency,
                log(frequency) as log_frequency,
                log(1 + greatest(monetary, 0)) as log_monetary
            from scored
            where status = 'ok'
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

        explained as (
            select
                buyers.*,
                cume_dist() over (partition by as_of_date order by recency_days) as recency_share,
                cume_dist() over (partition by as_of_date order by frequency desc)
                    as frequency_share,
                cume_dist() over (partition by as_of_date order by monetary desc) as monetary_share,
                {outlier("log_recency")} as is_recency_outlier,
                {outlier("log_frequency")} as is_frequency_outlier,
                {outlier("log_monetary")} as is_monetary_outlier
            from buyers
            inner join fences using (as_of_date)
        )

        select
            scored.*,
            'last order ' || {counted("recency_days", "day")} || ' ago, '
            || {better("recency_share")}
            || '; ' || {counted("frequency", "order")} || ', ' || {better("frequency_share")}
            || '; ' || format('{{:,.2f}}', cast(explained.monetary as double)) || ' spent, '
            || {better("monetary_share")} as explanation,
            explained.is_recency_outlier,
            explained.is_frequency_outlier,
            explained.is_monetary_outlier
        from scored
        left join explained using (as_of_date, customer_id)
        """,
        scored=scored,
    )


def bounds(measure: str, name: str) -> str:
    """SQL for the values that the fifths of a measure begin above, best fifth first.

    Decimal shares, so that the order statistic is exact: of n values the (floor(k n / 5) + 1)-th
    best. One pass over the rows, where ranks would sort all of them.
    """
    return (
        f"quantile_disc({measure}, [0.8, 0.6, 0.4, 0.2]) as {name}_bounds, "
        f"min({measure}) = max({measure}) as is_{name}_even"
    )


def fifth(measure: str, name: str) -> str:
    """SQL of a score: 1 and another 1 for each bound that the measure is above."""
    above = " + ".join(f"cast({measure} > {name}_bounds[{k}] as bigint)" for k in range(1, 5))
    return f"case when is_{name}_even then {MIDDLE} else 1 + {above} end"


def fences(measure: str) -> str:
    """SQL for Tukey's fences of a measure."""
    low, high = f"quantile_cont({measure}, 0.25)", f"quantile_cont({measure}, 0.75)"
    return (
        f"{low} - 1.5 * ({high} - {low}) as {measure}_lower, "
        f"{high} + 1.5 * ({high} - {low}) as {measure}_upper"
    )


def outlier(measure: str) -> str:
    return f"{measure} not between {measure}_lower and {measure}_upper"


def counted(measure: str, noun: str) -> str:
    """SQL for a number with its noun, `1 day` or `1,090 days`."""
    number = f"explained.{measure}"
    nouns = f"case when {number} = 1 then ' {noun}' else ' {noun}s' end"
    return f"format('{{:,}}', {number}) || {nouns}"


def better(share: str) -> str:
    """SQL for a half-sentence on how many customers are strictly worse."""
    worse = f"cast(floor(100 * (1 - explained.{share})) as bigint)"
    return (
        f"case {worse} when 0 then 'no better than others' "
        f"else 'better than ' || {worse} || ' %' end"
    )
