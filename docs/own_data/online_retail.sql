-- UCI Online Retail (a British gift shop, 2010-12 to 2011-12) as input tables.
--
-- 1. One order is one invoice. 43 invoices carry two timestamps, a minute apart: the first counts.
-- 2. An invoice `C...` is a cancellation: an order of status `returned`, quantities turned positive
--    (`C536379`, -1 x Discount).
-- 3. An invoice without a customer is a guest order.
-- 4. Every raw line becomes an order line. Nothing is mended: a negative quantity on any other
--    invoice is a stock write-off (`536589`, -10) and a negative price a bad debt (`A563186`);
--    staging rejects both, with the reason.
-- 5. Lines that agree in every raw column share a line number, so that staging counts them as exact
--    duplicates; lines that differ in the description alone (`554084`, 23298) do not.
-- 6. An article is a stock code, letter for letter: `85123A` and `85123a` are two. Its name is the
--    description most often used where a price was asked; at no price the descriptions are notes on
--    the stock ("thrown away", "ebay"). An article never sold has no name, and staging rejects it.
-- 7. Stock codes start with five digits. The others are charges, vouchers, and goods from outside
--    the stock list; three charges and vouchers hide among the stock codes. Categories keep them
--    out of demand, not out of revenue.

create temp view invoice_lines as
select
    "InvoiceNo" as invoice_number,
    "StockCode" as stock_code,
    nullif(trim("Description"), '') as description,
    cast("Quantity" as bigint) as quantity,
    "InvoiceDate" as invoiced_at,
    "UnitPrice" as unit_price,
    -- numbers with a gap became decimals in the source: 17850.0
    regexp_replace("CustomerID", '\.0$', '') as customer_id,
    "Country" as country,
    "InvoiceNo" like 'C%' as is_cancellation,
    dense_rank() over (
        partition by "InvoiceNo"
        order by "StockCode", "Description", "Quantity", "UnitPrice", "InvoiceDate",
            "CustomerID", "Country"
    ) as line_number
from read_parquet(getvariable('source') || '/online_retail.parquet');

create view customers as
select
    customer_id,
    cast(left(min(invoiced_at), 10) as date) as signed_up_on,
    -- eight customers moved: where they are now
    max_by(country, (invoiced_at, invoice_number)) as region
from invoice_lines
where customer_id is not null
group by customer_id
order by customer_id;

create view products as
with descriptions as (
    select
        stock_code,
        case when try_cast(unit_price as double) > 0 then description end as product_name,
        count(*) as line_count
    from invoice_lines
    group by all
),

names as (
    select
        stock_code,
        product_name
    from descriptions
    qualify row_number() over (
        partition by stock_code
        order by product_name is null asc, line_count desc, product_name asc
    ) = 1
)

select
    stock_code as product_id,
    product_name,
    case
        when stock_code in ('23444', '23574') then 'Postage and charges'
        when stock_code = '22016' or stock_code like 'gift%' then 'Gift vouchers'
        when regexp_matches(stock_code, '^[0-9]{5}') then 'Goods'
        when stock_code like 'DCGS%' or stock_code = 'PADS' then 'Goods outside the stock list'
        else 'Postage and charges'
    end as category
from names
order by product_id;

create view orders as
select
    invoice_number as order_id,
    min(invoiced_at) as ordered_at,
    customer_id,
    case when is_cancellation then 'returned' else 'completed' end as order_status
from invoice_lines
group by all
order by order_id;

create view order_lines as
select
    invoice_number as order_id,
    stock_code as product_id,
    case when is_cancellation then -quantity else quantity end as quantity,
    line_number,
    unit_price
from invoice_lines
order by order_id, line_number;
