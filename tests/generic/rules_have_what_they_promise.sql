{#
    Every rule has what its table must have, and its key once: `is_required` and `is_key` of the
    columns in _rules.yml. One query over all rule tables: a test per column costs dbt a tenth of a
    second, and there are more than a hundred.
#}
{% test rules_have_what_they_promise(model, rule_tables) %}
with faults as (
    {% for rule_table in rule_tables %}
    {%- set relation = ref(rule_table) %}
    {%- if execute %}
    {%- set node = graph.nodes.values() | selectattr('resource_type', 'equalto', 'seed')
        | selectattr('name', 'equalto', rule_table) | first %}
    {%- for column in node.columns.values() %}
    {%- set promises = column.config.meta or column.meta %}
    {%- if promises.is_key or promises.is_required %}
    select
        '{{ rule_table }}.{{ column.name }}' as rule_column,
        count(*) filter (where "{{ column.name }}" is null) as missing_count,
        {{ 'count("' ~ column.name ~ '") - count(distinct "' ~ column.name ~ '")' if promises.is_key else '0' }}
            as repeated_count
    from {{ relation }}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endif %}
    {%- endfor %}
    select
        null as rule_column,
        0 as missing_count,
        0 as repeated_count
)

select * from faults
where missing_count > 0 or repeated_count > 0
{% endtest %}
