-- CDNOW, the published 1/10 sample of 2,357 customers, as input tables.
-- The rules and their reasons stand in cdnow.sql; only the file is another.

create temp view baskets as
select
    customer_id,
    date as ordered_on,
    customer_id || '-' || date as order_id,
    cast(sum(number_of_cds) as bigint) as cd_count,
    cast(sum(dollar_value) as decimal(18, 2)) as order_total
from read_parquet(getvariable('source') || '/cdnow_sample.parquet')
group by all;

create view customers as
select
    customer_id,
    min(ordered_on) as signed_up_on
from baskets
group by customer_id
order by customer_id;

create view products as
select
    'CD' as product_id,
    'Compact disc' as product_name;

create view orders as
select
    order_id,
    ordered_on as ordered_at,
    customer_id,
    order_total
from baskets
order by order_id;

create view order_lines as
select
    order_id,
    'CD' as product_id,
    cd_count as quantity
from baskets
order by order_id;
