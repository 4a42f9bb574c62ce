-- 1. Half of the tickets of a month, and nine of ten, took no longer: by the estimate of Kaplan and
--    Meier (1958), in which an open ticket has taken at least as long as it is open. A ticket that was
--    solved without a reply has waited for one until then. Three solved after 1, 2 and 3 hours and two
--    open for 1.5 hours: S is .8, .4 and 0, half are solved after 2 hours.
-- 2. Where more than half are open (more than a tenth for nine of ten), there is no figure.
with ticket_slices as (
    select * from {{ ref('int_ticket_slices') }}
),

readings as (
    select
        dimension,
        entity,
        month,
        unnest([
            {
                'measure': 'first_reply',
                'minutes': coalesce(first_reply_minutes, watched_minutes),
                'is_seen': first_reply_minutes is not null
            },
            {
                'measure': 'first_reply_business',
                'minutes': coalesce(first_reply_business_minutes, watched_business_minutes),
                'is_seen': first_reply_business_minutes is not null
            },
            {
                'measure': 'resolution',
                'minutes': watched_minutes,
                'is_seen': resolution_minutes is not null
            },
            {
                'measure': 'resolution_business',
                'minutes': watched_business_minutes,
                'is_seen': resolution_business_minutes is not null
            }
        ]) as reading
    from ticket_slices
),

durations as (
    select
        dimension,
        entity,
        month,
        reading.measure as measure,
        reading.minutes as minutes,
        count(*) as ended_count,
        count(*) filter (reading.is_seen) as seen_count
    from readings
    where reading.minutes is not null
    group by all
),

at_risk as (
    select
        *,
        sum(ended_count) over (
            partition by dimension, entity, month, measure
            order by minutes desc
            rows between unbounded preceding and current row
        ) as risk_count
    from durations
),

survival as (
    select
        *,
        exp(sum(ln(greatest(1 - seen_count / risk_count, 1e-300))) over (
            partition by dimension, entity, month, measure
            order by minutes asc
            rows between unbounded preceding and current row
        )) as share_left
    from at_risk
),

ticket_medians as (
    select
        dimension,
        entity,
        month,
        measure,
        -- a product of shares is exact to rounding only
        min(minutes) filter (share_left <= 0.5 + 1e-9) as median_minutes,
        min(minutes) filter (share_left <= 0.1 + 1e-9) as p90_minutes
    from survival
    where seen_count > 0
    group by all
)

select * from ticket_medians
