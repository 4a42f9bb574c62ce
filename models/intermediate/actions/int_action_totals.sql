-- Where a cause has a sentence for its parts, the first finding is named among the others; else it is
-- told by itself. Beside it up to `named` others are (seeds/rules/actions/action_settings.csv). Two that
-- would read alike stand there once.
with settings as (
    {{ in_a_row(ref('action_settings'), 'setting', ['named']) }}
),

findings as (
    select
        findings.*,
        findings.finding_rank
        - case when causes.sentence is null then 1 else 0 end as place
    from {{ ref('action_findings') }} as findings
    inner join {{ ref('action_causes') }} as causes on findings.cause = causes.cause
),

told_once as (
    select
        *,
        place > 0
        and row_number() over (partition by cause, listed order by finding_rank) = 1 as is_new
    from findings
),

places as (
    select
        *,
        sum(cast(is_new as integer)) over (partition by cause order by finding_rank) as new_place
    from told_once
),

members as (
    select
        cause,
        count(*) as member_count
    from {{ ref('action_members') }}
    group by cause
),

totals as (
    select
        findings.cause,
        count(*) as finding_count,
        cast(sum(findings.item_count) as bigint) as item_count,
        sum(findings.value_at_stake) as summed_value,
        max(findings.value_at_stake) filter (findings.entity = 'all') as whole_value,
        max(findings.value_at_stake) as largest_value,
        string_agg(findings.listed, '; ' order by findings.finding_rank) filter (
            findings.is_new and findings.new_place <= settings.named
        ) as named,
        count(*) filter (findings.is_new and findings.new_place > settings.named) as unnamed_count
    from places as findings
    cross join settings
    group by findings.cause
),

action_totals as (
    select
        totals.*,
        coalesce(members.member_count, 0) as member_count
    from totals
    left join members on totals.cause = members.cause
)

select * from action_totals
