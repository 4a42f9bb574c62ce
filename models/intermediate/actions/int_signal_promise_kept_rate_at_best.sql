-- 1. Promises of a first reply and of a solution, to the customers who asked in the last month that is
--    over. The upper end of the rate's interval counts: few tickets prove little.
-- 2. The team with most late ones is named where there are several teams.
with months as (
    select * from {{ ref('support_performance') }}
    where is_complete
),

promises as (
    select
        dimension,
        entity,
        month,
        unnest([
            {
                'entity': 'first_reply',
                'name': 'first replies',
                'rate': first_reply_met_rate,
                'at_best': first_reply_met_rate_upper,
                'late_count': first_reply_due_count - first_reply_met_count
            },
            {
                'entity': 'resolution',
                'name': 'solutions',
                'rate': resolution_met_rate,
                'at_best': resolution_met_rate_upper,
                'late_count': resolution_due_count - resolution_met_count
            }
        ]) as promise
    from months
),

newest as (
    select max(month) as month
    from months
    where dimension = 'all'
),

usual as (
    select
        promises.promise.entity as entity,
        -- a mean of doubles differs in the last digit from build to build
        round(avg(promises.promise.rate), 9) as rate
    from promises
    inner join newest
        on
            promises.month < newest.month
            and promises.month >= newest.month - interval 12 months
    where promises.dimension = 'all'
    group by all
),

latest_teams as (
    select
        promises.promise.entity as entity,
        promises.entity as team
    from promises
    inner join newest using (month)
    where promises.dimension = 'team'
    qualify
        row_number() over (
            partition by promises.promise.entity
            order by promises.promise.late_count desc, promises.entity asc
        ) = 1
        and count(*) over (partition by promises.promise.entity) > 1
),

promise_kept_rate_at_best as (
    select
        'promise_kept_rate_at_best' as signal,
        'promise' as entity_type,
        promises.promise.entity as entity,
        promises.promise.name as name,
        coalesce(', most late ones in the team ' || latest_teams.team, '') as subject,
        promises.promise.at_best as value,
        promises.promise.rate as figure,
        usual.rate as usual_value,
        promises.promise.late_count as item_count,
        cast(null as double) as value_at_stake,
        promises.month as period
    from promises
    inner join newest using (month)
    left join usual on promises.promise.entity = usual.entity
    left join latest_teams on promises.promise.entity = latest_teams.entity
    where promises.dimension = 'all'
)

select * from promise_kept_rate_at_best
where value is not null
