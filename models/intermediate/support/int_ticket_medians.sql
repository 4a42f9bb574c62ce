-- 1. Half of the tickets of a month, and nine of ten, took no longer: by the estimate of Kaplan and
--    Meier (1958), in which an open ticket has taken at least as long as it is open. A ticket that was
--    solved without a reply has waited for one until then. Three solved after 1, 2 and 3 hours and two
--    open for 1.5 hours: S is .8, .4 and 0, half are solved after 2 hours.
-- 2. Where more than half are open (more than a tenth for nine of ten), there is no figure.
-- 3. Where all are over, the estimate is the plain quantile: so it is in most months of a large desk
--    (1e-9 is more than rounding adds to a whole number).
{% set measures = ['first_reply', 'first_reply_business', 'resolution', 'resolution_business'] -%}
{% set slice = 'dimension, entity, month, measure' -%}
with ticket_slices as (
    select * from {{ ref('int_ticket_slices') }}
),

readings as (
    select
        dimension,
        entity,
        month,
        unnest([
            {% for measure in measures -%}
            {% set watched = 'watched_business' if 'business' in measure else 'watched' -%}
            {% set known = 'has_reply is not null' if 'reply' in measure else 'true' -%}
            {
                'measure': '{{ measure }}',
                'minutes': coalesce(
                    {{ measure }}_minutes,
                    case when {{ known }} then {{ watched }}_minutes end
                ),
                'is_seen': {{ measure }}_minutes is not null
            }{{ ',' if not loop.last }}
            {% endfor %}
        ]) as reading
    from ticket_slices
),

plain_quantiles as (
    select
        dimension,
        entity,
        month,
        reading.measure as measure,
        bool_and(reading.is_seen) as are_all_seen,
        list_sort(list(reading.minutes)) as minutes_in_order,
        count(*) as ticket_count
    from readings
    where reading.minutes is not null
    group by all
),

durations as (
    select
        {{ slice }},
        readings.reading.minutes as minutes,
        count(*) as ended_count,
        count(*) filter (readings.reading.is_seen) as seen_count
    from readings
    inner join plain_quantiles using (dimension, entity, month)
    where
        readings.reading.measure = plain_quantiles.measure
        and readings.reading.minutes is not null
        and not plain_quantiles.are_all_seen
    group by all
),

at_risk as (
    select
        *,
        sum(ended_count) over (
            partition by {{ slice }}
            order by minutes desc
            rows between unbounded preceding and current row
        ) as risk_count
    from durations
),

survival as (
    select
        *,
        exp(sum(ln(greatest(1 - seen_count / risk_count, 1e-300))) over (
            partition by {{ slice }}
            order by minutes asc
            rows between unbounded preceding and current row
        )) as share_left
    from at_risk
),

ticket_medians as (
    select
        {{ slice }},
        minutes_in_order[cast(ceil(0.5 * ticket_count - 1e-9) as bigint)] as median_minutes,
        minutes_in_order[cast(ceil(0.9 * ticket_count - 1e-9) as bigint)] as p90_minutes
    from plain_quantiles
    where are_all_seen
    union all
    select
        {{ slice }},
        min(minutes) filter (share_left <= 0.5 + 1e-9) as median_minutes,
        min(minutes) filter (share_left <= 0.1 + 1e-9) as p90_minutes
    from survival
    where seen_count > 0
    group by all
)

select * from ticket_medians
