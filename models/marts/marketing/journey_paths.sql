-- 1. A dead end is a path whose journeys end in an order less often than all, beyond doubt: of all
--    that are called so no more are so by chance than `synergy_most_q_value` (Benjamini and Hochberg
--    1995; the sample's first 500 paths had dead ends of two journeys).
-- 2. The chance of so few orders or fewer is at most exp(-journeys * divergence) (Chernoff 1952), for
--    any number of journeys.
-- 3. Of so few journeys that none of them won would be no surprise nothing can be told (Tarone 1990).
with counted as (
    select * from {{ ref('int_journey_prefixes') }}
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

base_rate as (
    select sum(converted_count) / nullif(sum(journey_count), 0) as rate
    from counted
    where path_length = 1
),

rated as (
    select
        counted.*,
        counted.converted_count / counted.journey_count as conversion_rate,
        base_rate.rate as base_conversion_rate
    from counted
    cross join base_rate
),

divergences as (
    select
        *,
        coalesce(converted_count * ln(nullif(conversion_rate, 0) / base_conversion_rate), 0)
        + (journey_count - converted_count)
        * ln((1 - conversion_rate) / (1 - base_conversion_rate)) as divergence
    from rated
    where conversion_rate < base_conversion_rate
),

surprises as (
    select
        rated.*,
        settings.synergy_most_q_value as most_q_value,
        pow(1 - rated.base_conversion_rate, rated.journey_count) <= settings.synergy_most_q_value
            as can_be_told,
        coalesce(exp(-divergences.divergence), 1) as p_value
    from rated
    cross join settings
    left join divergences
        on rated.path = divergences.path and rated.path_length = divergences.path_length
),

ranked as (
    select
        *,
        row_number() over chances as p_rank,
        count(*) over (partition by can_be_told) as told_count
    from surprises
    window chances as (partition by can_be_told order by p_value, path_length, path)
),

judged as (
    select
        *,
        -- the last rank that holds lets all before it hold
        can_be_told
        and p_rank <= max(
            case when p_value * told_count <= most_q_value * p_rank then p_rank else 0 end
        ) over (partition by can_be_told) as is_dead_end
    from ranked
)

select
    path,
    cast(path_length as bigint) as path_length,
    is_dead_end,
    journey_count,
    converted_count,
    cast(conversion_rate as double) as conversion_rate,
    cast({{ wilson_lower('converted_count', 'journey_count') }} as double) as conversion_rate_lower,
    cast({{ wilson_upper('converted_count', 'journey_count') }} as double) as conversion_rate_upper,
    cast(base_conversion_rate as double) as base_conversion_rate
from judged
