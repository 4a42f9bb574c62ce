-- 1. A rule of the playbook applies where its signal lies below or above its threshold
--    (seeds/rules/actions/playbook.csv); of several rules on one signal the most urgent one. Its texts
--    are filled with the figures.
-- 2. A slice in which everything is (one carrier, mentions that name no source) says what the whole says,
--    and is left out.
{%- set fillings = {
    'figure': figure('figure', 'figure_unit'),
    'usual': figure('usual_value', 'figure_unit'),
    'threshold': figure('threshold', 'figure_unit'),
    'month': month_in_words('period'),
    'where': "case entity_type when 'carrier' then ' with ' || name"
        ~ " when 'warehouse' then ' from the warehouse ' || name"
        ~ " when 'source' then ' on ' || name else '' end",
    'name': 'name',
    'subject': 'subject',
    'count': plain_number('item_count'),
    's': "case when item_count = 1 then '' else 's' end",
    'are': "case when item_count = 1 then 'is' else 'are' end",
    's_of_figure': 'case when ' ~ figure('figure', 'figure_unit') ~ " = '1' then '' else 's' end",
} %}
with signals as (
    select signals.*
    from {{ ref('int_signals') }} as signals
    left join {{ ref('int_signals') }} as wholes
        on
            signals.signal = wholes.signal
            and signals.period = wholes.period
            and signals.entity_type <> 'all'
            and wholes.entity_type = 'all'
            and signals.value = wholes.value
            and signals.figure = wholes.figure
            and signals.item_count is not distinct from wholes.item_count
    where wholes.signal is null
),

playbook as (
    select * from {{ ref('playbook') }}
),

applied as (
    select
        playbook.rule,
        playbook.rule_order,
        playbook.cause,
        playbook.domain,
        playbook.priority,
        playbook.action,
        playbook.unit,
        playbook.figure_unit,
        playbook.comparison,
        playbook.threshold,
        playbook.sentence,
        playbook.usual_sentence,
        playbook.listed,
        signals.signal,
        signals.entity_type,
        signals.entity,
        signals.name,
        signals.subject,
        signals.value,
        signals.figure,
        signals.usual_value,
        signals.item_count,
        signals.value_at_stake,
        signals.period
    from signals
    inner join playbook
        on
            signals.signal = playbook.signal
            and case
                when playbook.comparison = 'below' then signals.value < playbook.threshold
                else signals.value > playbook.threshold
            end
    qualify
        row_number() over (
            partition by signals.signal, signals.entity_type, signals.entity, signals.period
            order by playbook.priority, playbook.rule
        ) = 1
),

filled as (
    select
        *,
        {{ filled('sentence', fillings) }} as sentence_text,
        {{ filled('usual_sentence', fillings) }} as usual_sentence_text,
        {{ filled('listed', fillings) }} as listed_text
    from applied
)

select * from filled
