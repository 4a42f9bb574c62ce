-- CDNOW purchases 1997-01 to 1998-06, all 23,570 customers, as input tables.
-- The published 1/10 sample is cdnow_sample.sql: this script with another file.
--
-- 1. One order is what a customer bought on one day. The file has days and no order numbers, and
--    the published results count days: as orders of their own, the second and third purchases of a
--    day would pass for customers coming back.
-- 2. Equal purchases of a day (00499 on 1997-10-15: 11.49 three times) are added up, not taken for
--    exact duplicates: with them the sample gives the published Gamma-Gamma parameters 6.25, 3.74
--    and 15.44, without them 6.28, 3.74 and 15.35.
-- 3. Purchases of value zero count: the customer came. A day of nothing else is an order of 0.00.
-- 4. The only article is the CD, and what each cost is not known: the total stands in the order.
-- 5. Everybody signed up with the first purchase; that is how the customers were chosen.

create temp view baskets as
select
    customer_id,
    date as ordered_on,
    customer_id || '-' || date as order_id,
    cast(sum(number_of_cds) as bigint) as cd_count,
    cast(sum(dollar_value) as decimal(18, 2)) as order_total
from read_parquet(getvariable('source') || '/cdnow_master.parquet')
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
