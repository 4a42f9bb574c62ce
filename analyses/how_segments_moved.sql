-- How did segments move in the last month? Where customers came from and went to, the largest moves
-- first; those who stayed are left out.
with moves as (
    select * from {{ ref('segment_migrations') }}
)

select
    month,
    from_segment,
    to_segment,
    customer_count,
    round(revenue, 2) as revenue
from moves
where from_segment <> to_segment
qualify month = max(month) over ()
order by customer_count desc, from_segment asc, to_segment asc
