-- 1. The log odds of no purchase are the level of the horizon and its scale times what the drivers
--    add, and its bend times that where it is above 0; never more than at a shorter horizon.
-- 2. The interval is that of the share of a group of such customers, a tenth of all: the sampling
--    error of so many and the misfit of the model, p (1 - p) / group size, and the period, a shift
--    of the log odds by its variance, which moves a chance by p (1 - p).
with customers as (
    select * from {{ ref('customers') }}
),

drivers as (
    select * from {{ ref('int_churn_drivers') }}
),

levels as (
    select * from {{ ref('churn_coefficients') }}
    where horizon_days > 0
),

-- few columns: a window over all of the customers' columns held a gigabyte per million of them
odds as (
    select
        drivers.customer_id,
        levels.horizon_days,
        min(
            shorter.coefficient
            + shorter.scale * drivers.log_odds
            + shorter.bend * greatest(drivers.log_odds, 0)
        ) as log_odds
    from drivers
    cross join levels
    inner join levels as shorter on levels.horizon_days >= shorter.horizon_days
    group by all
),

predicted as (
    select
        customers.customer_id,
        levels.horizon_days,
        drivers.driver_1,
        drivers.driver_2,
        drivers.driver_3,
        drivers.raising_driver,
        case when drivers.customer_id is null then 'none' else levels.method end as method,
        case when drivers.customer_id is null then 'insufficient_data' else levels.status end
            as status,
        drivers.raising_share,
        odds.log_odds,
        1 / (1 + exp(-odds.log_odds)) as no_purchase_probability,
        exp(-abs(odds.log_odds)) / power(1 + exp(-abs(odds.log_odds)), 2) as luck,
        levels.period_variance,
        levels.group_size,
        drivers.driver_1_share,
        drivers.driver_2_share,
        drivers.driver_3_share,
        levels.as_of_date
    from customers
    left join drivers on customers.customer_id = drivers.customer_id
    cross join levels
    left join odds
        on
            customers.customer_id = odds.customer_id
            and levels.horizon_days = odds.horizon_days
),

churn_probabilities as (
    select
        customer_id,
        horizon_days,
        driver_1,
        driver_2,
        driver_3,
        raising_driver,
        method,
        status,
        raising_share,
        log_odds,
        no_purchase_probability,
        {% for side, sign, pick, edge in [
            ('lower', '-', 'greatest', 0), ('upper', '+', 'least', 1)
        ] -%}
        case
            when no_purchase_probability is not null
                then
                    {{ pick }}(
                        {{ edge }},
                        no_purchase_probability
                        {{ sign }} {{ var('interval_z') }}
                        * sqrt(luck / group_size + period_variance * luck * luck)
                    )
        end as no_purchase_probability_{{ side }},
        {% endfor -%}
        driver_1_share,
        driver_2_share,
        driver_3_share,
        as_of_date
    from predicted
)

select * from churn_probabilities
