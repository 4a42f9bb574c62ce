{# What an action tells, from the columns of `told` (recommended_actions). #}
{% macro action_text() -%}
    case
        when told.parts_sentence is not null and told.finding_count > 1
            then told.parts_sentence || coalesce(': ' || told.named, '')
        when told.parts_sentence is not null then told.finding
        else told.finding || coalesce('. Also: ' || told.named, '')
    end
    || case
        when told.unnamed_count > 0 and told.finding_count > 1
            then '; and ' || cast(told.unnamed_count as varchar) || ' more'
        else ''
    end
    || '.'
    || case
        when told.needs_consent and told.member_count = 0
            then ' None of them may be written to.'
        when told.needs_consent
            then ' ' || {{ plain_number('told.member_count') }} || ' of them may be written to.'
        else ''
    end
{%- endmacro %}
