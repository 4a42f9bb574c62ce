-- Metrics of deliveries come from parcels and from months already added up: the later end counts.
with input_coverage as (
    select * from {{ ref('int_input_coverage') }}
),

metric_coverage as (
    select
        case when input_table = 'delivery_months' then 'deliveries' else input_table end as domain,
        max(covered_until) as covered_until
    from input_coverage
    where input_table in ('orders', 'deliveries', 'delivery_months', 'mentions', 'incidents')
    group by all
)

select * from metric_coverage
