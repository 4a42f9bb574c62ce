-- 1. The first reason is the one that comes first in the order of the columns.
-- 2. What the contract calls personal (names, e-mail addresses, messages) is withheld, and so are
--    the values of columns that the contract does not know: nobody can say what they hold.
-- 3. A line without shape is shown only where its file has neither of them.
with
{% for input_table in var('inputs') %}
{%- set contract = input_contract(input_table) %}
rejected_{{ input_table }} as (
    {%- if contract %}
    select
        '{{ input_table }}' as input_table,
        staged.row_number,
        {% if contract.key -%}
        concat_ws(
            ', '
            {%- for column in contract.key %},
            cast(raw_rows.{{ column }} as varchar)
            {%- endfor %}
        ) as row_key,
        {%- else -%}
        cast(null as varchar) as row_key,
        {%- endif %}
        staged.reasons,
        -- text as in a CSV: not every number can be written in JSON (NaN)
        {{ row_as_json(contract, 'raw_rows') }} as row_json
    {%- else %}
    select staged.row_number
    {%- endif %}
    from {{ ref('stg_' ~ input_table) }} as staged
    inner join {{ source('raw', input_table) }} as raw_rows
        on staged.row_number = raw_rows.row_number
    where staged.row_status = 'rejected'
),
{% endfor %}
files_with_other_columns as (
    {% for input_table in var('inputs') %}
    select '{{ input_table }}' as input_table
    from {{ source('raw', input_table) }}
    having count(extra_columns) > 0
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

rows_at_fault as (
    {% for input_table in var('inputs') %}
    select * from rejected_{{ input_table }}
    union all
    {% endfor %}
    select
        input_table,
        row_number,
        cast(null as varchar) as row_key,
        ['unreadable_row'] as reasons,
        cast(
            to_json({
                'line': case
                    when
                        input_table in ({{ personal_inputs() }})
                        or input_table in (
                            select files_with_other_columns.input_table
                            from files_with_other_columns
                        )
                        then '(withheld)'
                    else line_text
                end,
                'fault': fault
            }) as varchar
        ) as row_json
    from {{ source('load', 'unreadable_rows') }}
),

rejected_rows as (
    select
        input_table,
        row_number,
        nullif(row_key, '') as row_key,
        reasons[1] as reason,
        reasons,
        row_json
    from rows_at_fault
)

select * from rejected_rows
