-- The last month that is over, where its deliveries are known to its end; no row where a file ended
-- before: what is not known gives no reason to act.
with last_month as (
    select max(performance.month) as month
    from {{ ref('delivery_performance') }} as performance
    cross join {{ ref('int_as_of') }} as as_of
    where performance.is_complete
    having max(performance.month) >= max(as_of.last_month)
)

select * from last_month
