-- 1. What customers do by themselves cancels out in a total; what they have in common does not. The
--    variance of a total is the sum of the customers' own and the square of total x common_sd
--    (src/retail_analytics/customers/clv/totals.py).
-- 2. A total is no surer in money than that of a shorter horizon, which is a part of it (scms: 12
--    months have one replay, 3 months four, and the one was lucky).
-- 3. Bounds are those of a lognormal distribution; of a normal one where the total is below 0.
-- 4. Segments are today's (customer_rfm); `all` has everybody who has bought.
with customer_values as (
    select * from {{ ref('int_customer_values') }}
    where horizon_months is not null
),

segments as (
    select * from {{ ref('customer_rfm') }}
),

entries as (
    select
        'all' as segment,
        customer_values.*
    from customer_values
    union all
    select
        segments.segment,
        customer_values.*
    from customer_values
    inner join segments on customer_values.customer_id = segments.customer_id
    where segments.segment is not null
),

totals as (
    -- as decimals, whose sums do not depend on the order of rows
    select
        segment,
        min(value_basis) as value_basis,
        min(method) as method,
        min(status) as status,
        horizon_months,
        count(*) as customer_count,
        {{ decimal_sum('expected_orders') }} as expected_orders,
        {{ decimal_sum('expected_value') }} as expected_value,
        sqrt(
            {{ decimal_sum('value_sd * value_sd') }}
            + power(max(common_sd) * {{ decimal_sum('expected_value') }}, 2)
        ) as value_sd,
        max(common_sd) as common_sd,
        max(as_of_date) as as_of_date
    from entries
    group by segment, horizon_months
),

lasting_totals as (
    select
        *,
        max(value_sd) over (
            partition by segment
            order by horizon_months
            rows between unbounded preceding and current row
        ) as lasting_sd
    from totals
),

spreads as (
    select
        *,
        case
            when expected_value > 0
                then sqrt(ln(1 + power(lasting_sd / nullif(expected_value, 0), 2)))
        end as log_sd
    from lasting_totals
),

customer_value_totals as (
    select
        segment,
        value_basis,
        method,
        status,
        horizon_months,
        customer_count,
        expected_orders,
        expected_value,
        {% for side, sign, pick in [('lower', -1, 'least'), ('upper', 1, 'greatest')] -%}
        {{ pick }}(
            expected_value,
            case
                when expected_value > 0
                    then
                        expected_value
                        * exp({{ sign }} * {{ var('interval_z') }} * log_sd - log_sd * log_sd / 2)
                else expected_value + {{ sign }} * {{ var('interval_z') }} * lasting_sd
            end
        ) as value_{{ side }},
        {% endfor -%}
        common_sd,
        as_of_date
    from spreads
)

select * from customer_value_totals
