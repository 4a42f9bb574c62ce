-- Cookie Cats, the A/B test of a mobile game (90,189 players), as input tables.
--
-- 1. A player is a unit, the version the variant: gate_30 was there before and is the control.
-- 2. The file has no times. All players are assigned at one moment; they came back (or not) one and
--    seven days later, and rounds are those of fourteen days.
-- 3. Retention is 0 or 1 of each player; rounds are counts, one of them 49,854 of a player who moves
--    the mean by half a round: `rounds` is capped where its rule says so.

create temp view players as
select
    cast(userid as varchar) as customer_id,
    version,
    retention_1,
    retention_7,
    sum_gamerounds
from read_parquet(getvariable('source') || '/cookie_cats.parquet');

create view customers as
select
    customer_id,
    date '2017-01-01' as signed_up_on
from players
order by customer_id;

create view experiment_assignments as
select
    'cookie-cats-gate' as experiment_id,
    customer_id,
    version as variant,
    timestamp '2017-01-02 00:00:00' as assigned_at
from players
order by customer_id;

create view experiment_outcomes as
select
    'cookie-cats-gate' as experiment_id,
    customer_id,
    'retention_1' as metric,
    cast(retention_1 as integer) as value,
    timestamp '2017-01-03 00:00:00' as observed_at
from players
union all
select
    'cookie-cats-gate' as experiment_id,
    customer_id,
    'retention_7' as metric,
    cast(retention_7 as integer) as value,
    timestamp '2017-01-09 00:00:00' as observed_at
from players
union all
select
    'cookie-cats-gate' as experiment_id,
    customer_id,
    'rounds' as metric,
    sum_gamerounds as value,
    timestamp '2017-01-16 00:00:00' as observed_at
from players
order by metric, customer_id;
