-- Contoso: the world of one retail customer, in 17 small files, as input tables.
--
-- 1. The months have a name and no year: they are put into 2023, the year of every dated file, on
--    their first day.
-- 2. A basket has one total and no prices: the total stands in the order, and staging shares it
--    over the lines.
-- 3. `ReturnFlag` says that something came back (O5789, O5935), not what, when or for how much: the
--    orders stay completed, with the 980.00 that the file adds up to. As returns they would take
--    190.00 twice, off revenue and off purchases. Discounts are taken for money that the total has
--    already lost; the file does not say.
-- 4. Purchases name the customer, not the id; the file with the id has no sign-up date ("24
--    months", counted from no stated day): the first purchase is the first day known.
-- 5. Parcels have no promised date, so there are no deliveries; the monthly figures stand in for
--    them. Their complaints are not given a second time as complaints.
-- 6. Reasons for leaving are percentages without a date: counts out of 100, in the last month that
--    the other files cover.
-- 7. Web and shop visits name nobody, but the folder is about one customer.
-- 8. Prices by category (one competitor, "the" competitor), points and e-mails are as of no stated day:
--    they are put on the last day of the web log, after all orders, so that no e-mail gets credit for
--    one. Points are two sums, earned and redeemed. An e-mail is sent, and opened and clicked where the
--    file says so; its campaigns have no days of their own, so there are no campaigns to measure.
-- 9. Without a place in any input table: benefits used and return rates by category (sums over no stated
--    time), satisfaction surveys (a survey is no ticket that waits for an answer, and two of them beside
--    hundreds of public mentions are none), log-in attempts.

create temp macro raw_file(file_name) as table
    from read_csv(
        getvariable('source') || '/' || file_name,
        header = true, delim = ',', quote = '"', all_varchar = true
    );

create temp macro first_of_month(month_name) as
    cast(strptime(month_name || ' 2023', '%B %Y') as date);

create temp view baskets as
select
    purchases."OrderID" as order_id,
    profile."CustomerID" as customer_id,
    purchases."Date" as ordered_on,
    purchases."TotalAmount" as order_total,
    purchases."DiscountApplied" as discount_amount,
    string_split(purchases."ItemsPurchased", ', ') as item_names
from raw_file('purchase_history.csv') as purchases
left join raw_file('customer_profile.csv') as profile on purchases."Name" = profile."Name";

create view customers as
with consent as (
    select bool_and("Unsubscribed" = 'No') as marketing_consent
    from raw_file('email_marketing_engagement.csv')
)

select
    profile."CustomerID" as customer_id,
    min(baskets.ordered_on) as signed_up_on,
    profile."Name" as customer_name,
    consent.marketing_consent
from raw_file('customer_profile.csv') as profile
left join baskets on profile."CustomerID" = baskets.customer_id
cross join consent
group by all;

create view order_lines as
select
    order_id,
    unnest(item_names) as product_id,
    1 as quantity,
    generate_subscripts(item_names, 1) as line_number
from baskets
order by order_id, line_number;

create view products as
select distinct
    product_id,
    product_id as product_name
from order_lines
order by product_id;

create view orders as
select
    order_id,
    ordered_on as ordered_at,
    customer_id,
    'completed' as order_status,
    order_total,
    discount_amount
from baskets
order by order_id;

create view delivery_months as
select
    first_of_month("Month") as month,
    "AverageDeliveryTime" as average_delivery_days,
    "OnTimeDeliveryRate" as on_time_rate_pct,
    "CustomerComplaints" as complaint_count
from raw_file('delivery_performance_metrics.csv');

create view incidents as
select
    'incident-' || "Date" as incident_id,
    "Date" as occurred_on,
    "IncidentDescription" as description,
    "AffectedOrders" as affected_orders
from raw_file('warehouse_incident_reports.csv');

create view mentions as
select
    first_of_month("Month") as mentioned_on,
    "PositiveMentions" as positive_count,
    "NegativeMentions" as negative_count,
    "NeutralMentions" as neutral_count,
    'social media' as source
from raw_file('social_media_sentiment_analysis.csv');

create view cancellations as
with last_month as (
    select max(month) as first_day
    from delivery_months
)

select
    last_month.first_day as cancelled_on,
    reasons."ReasonForCancellation" as reason,
    reasons."Percentage" as cancellation_count
from raw_file('customer_churn_analysis.csv') as reasons
cross join last_month;

create temp view last_day as
select max("Date") as last_day
from raw_file('website_activity_log.csv');

create view touchpoints as
with visits as (
    select
        'website' as channel,
        "Date" as visited_on
    from raw_file('website_activity_log.csv')
    union all
    select
        'store' as channel,
        "Date" as visited_on
    from raw_file('store_visit_history.csv')
),

mails as (
    select
        "Campaign" as campaign,
        unnest([
            'impression',
            case when "Opened" = 'Yes' then 'open' end,
            case when "Clicked" = 'Yes' then 'click' end,
            case when "Unsubscribed" = 'Yes' then 'unsubscribe' end
        ]) as touch_type
    from raw_file('email_marketing_engagement.csv')
),

touches as (
    select
        channel || '-' || visited_on as touchpoint_id,
        visited_on as touched_at,
        channel,
        null as campaign,
        'visit' as touch_type
    from visits
    union all
    select
        mails.campaign || '-' || mails.touch_type,
        last_day.last_day,
        'email',
        mails.campaign,
        mails.touch_type
    from mails
    cross join last_day
    where mails.touch_type is not null
)

select
    touches.touchpoint_id,
    profile."CustomerID" as customer_id,
    touches.touched_at,
    touches.channel,
    touches.campaign,
    touches.touch_type
from touches
cross join raw_file('customer_profile.csv') as profile
order by touches.touchpoint_id;

create view support_tickets as
with interactions as (
    select *
    from read_json(
        getvariable('source') || '/customer_service_interactions.json',
        columns = {
            'InteractionID': 'varchar',
            'Channel': 'varchar',
            'Date': 'varchar',
            'Customer': 'varchar',
            'Content': 'varchar[]'
        }
    )
)

select
    interactions."InteractionID" as ticket_id,
    interactions."Date" as opened_at,
    profile."CustomerID" as customer_id,
    interactions."Channel" as channel,
    array_to_string(interactions."Content", chr(10)) as message
from interactions
left join raw_file('customer_profile.csv') as profile on interactions."Customer" = profile."Name"
order by ticket_id;

create view price_changes as
select
    last_day.last_day as observed_on,
    prices."ContosoAveragePrice" as price,
    prices."ProductCategory" as category,
    null as competitor
from raw_file('competitor_pricing_analysis.csv') as prices
cross join last_day
union all
select
    last_day.last_day,
    prices."CompetitorAveragePrice",
    prices."ProductCategory",
    'the competitor'
from raw_file('competitor_pricing_analysis.csv') as prices
cross join last_day
order by category, competitor;

create view loyalty_events as
select
    profile."CustomerID" as customer_id,
    last_day.last_day as occurred_on,
    points."TotalPointsEarned" as points,
    'earned' as kind
from raw_file('loyalty_program_overview.csv') as points
cross join raw_file('customer_profile.csv') as profile
cross join last_day
union all
select
    profile."CustomerID",
    last_day.last_day,
    points."PointsRedeemed",
    'redeemed'
from raw_file('loyalty_program_overview.csv') as points
cross join raw_file('customer_profile.csv') as profile
cross join last_day;
