-- 1. The worst measure of a slice counts. One that only fell from the month before (found_by rule) is
--    left out: that is found by chance, too.
-- 2. Complaints grow with the number of deliveries, so they do not count here.
with measures as (
    select * from {{ ref('delivery_measures') }}
),

drops as (
    select
        degradations.*,
        degradations.worse_than_usual / nullif(abs(degradations.usual_value), 0) as worse_share
    from {{ ref('delivery_degradations') }} as degradations
    where degradations.found_by <> 'rule' and degradations.measure <> 'complaint_count'
    qualify
        row_number() over (
            partition by degradations.dimension, degradations.entity, degradations.month
            order by worse_share desc, degradations.measure asc
        ) = 1
),

delivery_drop as (
    select
        'delivery_drop' as signal,
        drops.dimension as entity_type,
        drops.entity,
        case when drops.dimension <> 'all' then drops.entity end as name,
        measures.in_words as subject,
        drops.worse_share as value,
        drops.worse_share as figure,
        cast(null as double) as usual_value,
        cast(null as bigint) as item_count,
        cast(null as double) as value_at_stake,
        drops.month as period
    from drops
    inner join {{ ref('int_last_delivery_month') }} as newest on drops.month = newest.month
    inner join measures on drops.measure = measures.measure
)

select * from delivery_drop
where value is not null
