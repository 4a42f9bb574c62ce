-- Health-commodity shipments 2006 to 2015 (US government open data) as input tables.
--
-- 1. One delivery is one line of the file (`ID`): the scheduled date is given by line. The carrier
--    is the shipment mode, the warehouse is the vendor, who sends the goods.
-- 2. One order is one purchase or sales order (`PO / SO #`); all of its lines carry the same dates.
--    It is dated by the day it went to the vendor. What comes from the own distribution centre has
--    no such day ("N/A - From RDC"): there the day the quote went to the client.
-- 3. A date that was not written down is left as the file words it ("Date Not Captured",
--    "N/A - From RDC"): staging rejects the order as unreadable and its lines and deliveries as
--    lines of an unknown order. No date is made up, days to deliver would be wrong with it.
-- 4. The customer is the client's project, which belongs to one country.
-- 5. An article is an item description; the file has no code. The price is that of a pack, as the
--    quantity counts packs.

create temp macro iso_date(date_text, date_format) as
    cast(cast(try_strptime(date_text, date_format) as date) as varchar);

create temp view shipments as
select
    "ID" as shipment_id,
    "PO / SO #" as order_id,
    "Project Code" as project_code,
    "Country" as country,
    coalesce(
        iso_date("PO Sent to Vendor Date", '%m/%d/%y'),
        iso_date("PQ First Sent to Client Date", '%m/%d/%y')
    ) as ordered_on,
    "PO Sent to Vendor Date" as ordered_on_wording,
    coalesce(iso_date("Scheduled Delivery Date", '%d-%b-%y'), "Scheduled Delivery Date")
        as promised_on,
    coalesce(iso_date("Delivered to Client Date", '%d-%b-%y'), "Delivered to Client Date")
        as delivered_on,
    "Shipment Mode" as shipment_mode,
    "Vendor" as vendor,
    "Item Description" as item_description,
    "Product Group" as product_group,
    "Brand" as brand,
    "Line Item Quantity" as pack_quantity,
    "Pack Price" as pack_price
from read_parquet(getvariable('source') || '/scms_delivery.parquet');

create view customers as
select
    project_code as customer_id,
    min(ordered_on) as signed_up_on,
    any_value(country) as region
from shipments
group by project_code
order by customer_id;

create view products as
select
    item_description as product_id,
    item_description as product_name,
    any_value(product_group) as category,
    any_value(brand) as brand
from shipments
group by item_description
order by product_id;

create view orders as
select distinct
    order_id,
    coalesce(ordered_on, ordered_on_wording) as ordered_at,
    project_code as customer_id
from shipments
order by order_id;

create view order_lines as
select
    order_id,
    item_description as product_id,
    pack_quantity as quantity,
    -- two equal lines of an order are two shipments
    shipment_id as line_number,
    pack_price as unit_price
from shipments
order by order_id, line_number;

create view deliveries as
select
    shipment_id as delivery_id,
    order_id,
    promised_on,
    delivered_on as delivered_at,
    shipment_mode as carrier,
    vendor as warehouse
from shipments
order by delivery_id;
