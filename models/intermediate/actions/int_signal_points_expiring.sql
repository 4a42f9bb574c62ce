-- Points that expire soon unless their members use them.
with liability as (
    select * from {{ ref('loyalty_liability') }}
    where tier = 'all' and points_expiring > 0
),

points_expiring as (
    select
        'points_expiring' as signal,
        'all' as entity_type,
        'all' as entity,
        cast(null as varchar) as name,
        cast(null as varchar) as subject,
        points_expiring as value,
        points_expiring as figure,
        cast(null as double) as usual_value,
        expiring_member_count as item_count,
        cast(null as double) as value_at_stake,
        as_of_date as period
    from liability
)

select * from points_expiring
