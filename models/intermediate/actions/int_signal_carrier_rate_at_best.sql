-- A carrier beside the most punctual one, incidents left aside; the upper end of its interval
-- counts. Of two between which chance alone may stand, none is told to give its deliveries to the
-- other.
with scorecards as (
    select
        *,
        first_value(carrier) over (order by on_time_rank, carrier) as best_carrier,
        first_value(expected_on_time_rate) over (order by on_time_rank, carrier) as best_rate
    from {{ ref('carrier_scorecards') }}
    where dimension = 'carrier' and on_time_rank is not null
),

carrier_rate_at_best as (
    select
        'carrier_rate_at_best' as signal,
        'carrier' as entity_type,
        scorecards.carrier as entity,
        scorecards.carrier as name,
        scorecards.best_carrier as subject,
        scorecards.expected_on_time_rate_upper as value,
        scorecards.expected_on_time_rate as figure,
        scorecards.best_rate as usual_value,
        scorecards.delivery_count as item_count,
        cast(null as double) as value_at_stake,
        scorecards.as_of_date as period
    from scorecards
    where scorecards.carrier <> scorecards.best_carrier and scorecards.on_time_rank_lower > 1
)

select * from carrier_rate_at_best
where value is not null
