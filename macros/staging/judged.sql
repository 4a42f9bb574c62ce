{#
    The last step of a staging model, after `checked_rows`: which rows are exact duplicates of a
    whole row (the first is kept), and which of the good rows with one key counts. That is the one
    with the newest event; where that ties the one that says more; then the later row.

    Only rows whose key is there more than once are compared. Rows without a key (as the
    contract says) are compared where all that is required of them is equal.
    `apart`: rows with one key that differ in this both count.
#}
{% macro judged(input_table, apart=none) %}
    {%- set contract = input_contract(input_table) -%}
    {%- if not contract -%}
judged_rows as (
    select row_number from checked_rows
)
    {%- else -%}
    {%- set key = contract.key -%}
    {%- set required = columns_where(contract, is_required=true) -%}
    {%- set is_keyless = contract.keyless or ('false' if key else 'true') -%}
    {%- set newest = [contract.newest] if contract.newest else event_columns(contract) -%}
    {%- set by = [] -%}
    {%- if key -%}{%- do by.append([key, 'not (' ~ is_keyless ~ ')']) -%}{%- endif -%}
    {%- if is_keyless != 'false' -%}{%- do by.append([required, is_keyless]) -%}{%- endif -%}

    {%- for columns, condition in by %}
repeated_keys_{{ loop.index }} as (
    select
        {%- for column in columns %}
        {{ column }} as key_{{ loop.index }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from checked_rows
    where {{ condition }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
),

    {% endfor -%}
suspect_rows as (
    {% for columns, condition in by -%}
    select
        checked_rows.row_number,
        {{ is_keyless }} as is_keyless
    from checked_rows
    inner join repeated_keys_{{ loop.index }} as repeated_keys
        on
            {%- for column in columns %}
            {% if not loop.first %}and {% endif -%}
            checked_rows.{{ column }} is not distinct from repeated_keys.key_{{ loop.index }}
            {%- endfor %}
    where {{ condition }}
    {% if not loop.last %}union all
    {% endif -%}
    {% endfor -%}
),

compared_rows as (
    select
        raw_rows.row_number,
        suspect_rows.is_keyless,
        row_number() over (
            partition by
                {% for column in contract.columns -%}
                raw_rows.{{ column }},
                {% endfor -%}
                raw_rows.extra_columns
            order by raw_rows.row_number
        ) > 1 as is_duplicate
    from {{ source('raw', input_table) }} as raw_rows
    inner join suspect_rows on raw_rows.row_number = suspect_rows.row_number
),

ranked_rows as (
    select
        compared_rows.row_number,
        compared_rows.is_duplicate,
        not compared_rows.is_keyless
        and row_number() over (
            partition by
                {% for column in key -%}
                checked_rows.{{ column }},
                {% endfor -%}
                {% if apart %}{{ apart }},
                {% endif -%}
                compared_rows.is_duplicate,
                compared_rows.is_keyless,
                checked_rows.reasons is null,
                checked_rows.is_after_as_of
            order by
                {% if newest -%}
                greatest(
                    {%- for column in newest -%}
                    cast(checked_rows.{{ column }} as timestamp){% if not loop.last %}, {% endif %}
                    {%- endfor -%}
                    {%- if newest | length == 1 -%}, cast(null as timestamp){%- endif -%}
                ) desc nulls last,
                {% endif -%}
                {% for column in contract.columns if not contract.columns[column].is_required -%}
                case when checked_rows.{{ column }} is not null then 1 else 0 end
                {%- if not loop.last %} + {% else %} desc,{% endif %}
                {% endfor -%}
                checked_rows.row_number desc
        ) > 1 as is_superseded
    from compared_rows
    inner join checked_rows on compared_rows.row_number = checked_rows.row_number
),

judged_rows as (
    select
        checked_rows.row_number,
        {% for column in staged_columns(contract) -%}
        {%- set default = contract.columns[column].default -%}
        {% if default is defined -%}
        coalesce(checked_rows.{{ column }}, {{ "'" ~ default ~ "'" if default is string else default }}) as {{ column }},
        {% else -%}
        checked_rows.{{ column }},
        {% endif -%}
        {% endfor -%}
        case
            when ranked_rows.is_duplicate then ['exact_duplicate']
            when checked_rows.reasons is not null then checked_rows.reasons
            when checked_rows.is_after_as_of then ['after_as_of']
            when ranked_rows.is_superseded then ['duplicate_key']
        end as reasons,
        case
            when ranked_rows.is_duplicate then 'duplicate'
            when checked_rows.reasons is not null then 'rejected'
            when checked_rows.is_after_as_of then 'after_as_of'
            when ranked_rows.is_superseded then 'rejected'
            else 'kept'
        end as row_status
    from checked_rows
    left join ranked_rows on checked_rows.row_number = ranked_rows.row_number
)
    {%- endif -%}
{% endmacro %}
