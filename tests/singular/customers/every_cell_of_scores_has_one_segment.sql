-- rfm_segments and the scores agree: each of the 125 cells of three scores from 1 to 5 is mapped,
-- and to one segment.
with scores as (
    select unnest(range(1, 6)) as score
),

cells as (
    select
        recency.score as recency_score,
        frequency.score as frequency_score,
        monetary.score as monetary_score
    from scores as recency
    cross join scores as frequency
    cross join scores as monetary
),

mapped_cells as (
    select
        recency_score,
        frequency_score,
        monetary_score,
        count(segment) as segment_count
    from {{ ref('rfm_segments') }}
    group by all
)

select
    coalesce(cells.recency_score, mapped_cells.recency_score) as recency_score,
    coalesce(cells.frequency_score, mapped_cells.frequency_score) as frequency_score,
    coalesce(cells.monetary_score, mapped_cells.monetary_score) as monetary_score,
    coalesce(mapped_cells.segment_count, 0) as segment_count
from cells
full join mapped_cells
    on
        cells.recency_score = mapped_cells.recency_score
        and cells.frequency_score = mapped_cells.frequency_score
        and cells.monetary_score = mapped_cells.monetary_score
where cells.recency_score is null or mapped_cells.segment_count is distinct from 1
