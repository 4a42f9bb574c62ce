with as_of as (
    select * from {{ ref('int_as_of') }}
),

trade_seasons as (
    select * from {{ ref('trade_seasons') }}
),

bounds as (
    select
        cast(date_trunc('year', first_event_on) as date) as first_day,
        cast(date_trunc('year', as_of_date + interval 3 year) as date) - 1 as last_day,
        as_of_date
    from as_of
),

days as (
    select
        unnest(cast(generate_series(first_day, last_day, interval 1 day) as date[])) as date_day,
        as_of_date
    from bounds
),

dates as (
    select
        days.date_day,
        dayname(days.date_day) as weekday_name,
        monthname(days.date_day) as month_name,
        trade_seasons.season,
        isodow(days.date_day) >= 6 as is_weekend,
        days.date_day = last_day(days.date_day) as is_month_end,
        days.date_day <= days.as_of_date as is_past,
        year(days.date_day) as year_number,
        quarter(days.date_day) as quarter_number,
        month(days.date_day) as month_number,
        weekofyear(days.date_day) as iso_week_number,
        isodow(days.date_day) as iso_weekday_number,
        cast(date_trunc('month', days.date_day) as date) as month
    from days
    left join trade_seasons on month(days.date_day) = trade_seasons.month_number
)

select * from dates
