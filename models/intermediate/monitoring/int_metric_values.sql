-- A month without any order, delivery, mention, incident or ticket has no row.
select
    metric,
    dimension,
    entity,
    value,
    weight,
    period
from {{ ref('int_sales_metrics') }}
union all
select
    metric,
    dimension,
    entity,
    value,
    weight,
    period
from {{ ref('int_delivery_metrics') }}
union all
select
    metric,
    dimension,
    entity,
    value,
    weight,
    period
from {{ ref('int_support_metrics') }}
