-- Metrics of deliveries come from single deliveries and from pre-aggregated months: the later end
-- counts.
with input_coverage as (
    select * from {{ ref('int_input_coverage') }}
),

metric_coverage as (
    select
        case input_table
            when 'delivery_months' then 'deliveries'
            when 'support_tickets' then 'support'
            else input_table
        end as domain,
        max(covered_until) as covered_until
    from input_coverage
    where
        input_table in (
            'orders', 'deliveries', 'delivery_months', 'mentions', 'incidents', 'support_tickets'
        )
    group by all
)

select * from metric_coverage
