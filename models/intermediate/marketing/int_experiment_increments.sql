-- What a channel caused, by experiments that held it back from some.
-- 1. The difference in orders per customer, over the difference in touches per customer, is what a
--    touch causes; times all touches of the channel it is what the channel caused.
-- 2. An arm of one customer has no error and is not compared, nor is an experiment in which those
--    held out were touched as often as the others.
-- 3. Orders are less what those before the experiment foretell (CUPED, Deng and others 2013).
-- 4. Of several experiments the one with the smallest error counts.
with units as (
    select * from {{ ref('int_experiment_units') }}
),

slopes as (
    select
        -- rounded, for sums over customers come in any order
        {% for name, value, digits in [('orders', 'order_count', 9), ('revenue', 'revenue', 6)] -%}
        coalesce(
            round(covar_pop({{ value }}, earlier_{{ value }}), {{ digits }})
            / nullif(round(var_pop(earlier_{{ value }}), {{ digits }}), 0),
            0
        ) as {{ name }}_slope,
        {% endfor -%}
        experiment_id
    from units
    group by experiment_id
),

adjusted as (
    select
        units.experiment_id,
        units.channel,
        units.is_held_out,
        units.touch_count,
        units.order_count - slopes.orders_slope * units.earlier_order_count as orders,
        units.revenue - slopes.revenue_slope * units.earlier_revenue as revenue
    from units
    inner join slopes on units.experiment_id = slopes.experiment_id
),

arms as (
    select
        experiment_id,
        channel,
        is_held_out,
        count(*) as customer_count,
        round(sum(orders), 6) / count(*) as orders,
        -- variance of the mean
        round(var_samp(orders), 9) / count(*) as orders_variance,
        round(sum(revenue), 4) / count(*) as revenue,
        round(var_samp(revenue), 6) / count(*) as revenue_variance,
        sum(touch_count) / count(*) as touches
    from adjusted
    group by experiment_id, channel, is_held_out
),

touch_counts as (
    select
        channel,
        count(*) as touch_count
    from {{ ref('int_touch_orders') }}
    group by channel
),

compared as (
    select
        shown.experiment_id,
        shown.channel,
        shown.customer_count + held_out.customer_count as customer_count,
        touch_counts.touch_count / nullif(shown.touches - held_out.touches, 0) as scale,
        shown.touches - held_out.touches as touch_difference,
        shown.orders - held_out.orders as orders,
        sqrt(shown.orders_variance + held_out.orders_variance) as orders_error,
        shown.revenue - held_out.revenue as revenue,
        sqrt(shown.revenue_variance + held_out.revenue_variance) as revenue_error
    from arms as shown
    inner join arms as held_out using (experiment_id, channel)
    inner join touch_counts on shown.channel = touch_counts.channel
    where not shown.is_held_out and held_out.is_held_out
),

experiment_increments as (
    select
        channel,
        experiment_id,
        customer_count,
        scale * orders as orders,
        scale * orders_error as orders_error,
        scale * revenue as revenue,
        scale * revenue_error as revenue_error
    from compared
    where touch_difference > 0 and compared.orders_error > 0
    qualify
        row_number() over (
            partition by channel
            order by compared.scale * compared.orders_error asc, compared.experiment_id asc
        ) = 1
)

select * from experiment_increments
