-- What a channel caused, by experiments that held it back from some.
-- 1. The difference in orders per customer, over the difference in touches per customer, is what a
--    touch causes; times all touches of the channel it is what the channel caused.
-- 2. An arm of fewer than `campaign_fewest_customers` is not compared, nor is an experiment in which
--    those held out were touched as often as the others. Both arms have one variance: of a few
--    customers held out none may have ordered, which is no certainty.
-- 3. Orders are less what those before the experiment foretell (CUPED, Deng and others 2013).
-- 4. Of several experiments the one with the smallest error counts.
{% set measures = [('orders', 'order_count', 9), ('revenue', 'revenue', 6)] -%}
with units as (
    select * from {{ ref('int_experiment_units') }}
),

settings as (
    select * from {{ ref('int_marketing_settings') }}
),

slopes as (
    select
        -- rounded, for sums over customers come in any order
        {% for name, value, digits in measures -%}
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

arms as (
    select
        units.experiment_id,
        units.channel,
        units.is_held_out,
        count(*) as customer_count,
        {% for name, value, digits in measures -%}
        {% set foretold = 'slopes.' ~ name ~ '_slope * units.earlier_' ~ value -%}
        {% set adjusted = '(units.' ~ value ~ ' - ' ~ foretold ~ ')' -%}
        round(sum{{ adjusted }}, {{ digits - 2 }}) / count(*) as {{ name }},
        round(var_samp{{ adjusted }}, {{ digits }}) * (count(*) - 1) as {{ name }}_squares,
        {% endfor -%}
        sum(units.touch_count) / count(*) as touches
    from units
    inner join slopes on units.experiment_id = slopes.experiment_id
    group by units.experiment_id, units.channel, units.is_held_out
    having count(*) >= (select max(settings.campaign_fewest_customers) from settings)
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
        {% for measure, _, _ in measures -%}
        shown.{{ measure }} - held_out.{{ measure }} as {{ measure }},
        sqrt(
            (shown.{{ measure }}_squares + held_out.{{ measure }}_squares)
            / (shown.customer_count + held_out.customer_count - 2)
            * (1 / shown.customer_count + 1 / held_out.customer_count)
        ) as {{ measure }}_error,
        {% endfor -%}
        shown.touches - held_out.touches as touch_difference
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
