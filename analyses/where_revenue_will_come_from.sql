-- Where will the next twelve months' value come from? Expected value by segment, with how many
-- customers it rests on and what they have brought in so far.
select
    customer_rfm.segment,
    count(*) as customer_count,
    round(sum(customer_lifetime_values.historical_value), 2) as historical_value,
    round(sum(customer_lifetime_values.expected_value), 2) as expected_value,
    round(
        sum(customer_lifetime_values.expected_value)
        / sum(sum(customer_lifetime_values.expected_value)) over (),
        3
    ) as expected_value_share,
    round(avg(customer_lifetime_values.p_alive), 2) as average_p_alive
from {{ ref('customer_lifetime_values') }} as customer_lifetime_values
inner join {{ ref('customer_rfm') }} as customer_rfm
    on customer_lifetime_values.customer_id = customer_rfm.customer_id
where customer_lifetime_values.horizon_months = {{ var('shown_value_months') }}
group by customer_rfm.segment
order by expected_value desc nulls last
