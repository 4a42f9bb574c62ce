{#
    The last step of a staging model, after `checked_rows`: which rows are exact duplicates of a
    whole row (the first is kept), and which of the good rows with one key counts. That is the one
    with the newest event; where that ties the one that says more; then the later row.

    Only rows whose key is there more than once are compared. Rows without a key (as the
    contract says) are compared where all that is required of them is equal. What begins after the
    as-of date is left out whatever is wrong with it.
    `apart`: rows with one key that differ in this both count.

    A row that was rejected has been there all the same: where it may be a newer state of a row that
    is kept, figures, days and yes or no that the two do not both say are not known (null, and
    `has_rejected_state`), not what the older one said; texts stay. An older row whose required
    values would not be known is rejected with it, as `newer_state_rejected`; `outdated_stay`: not
    here, where the row itself has been there.
#}
{% macro judged(input_table, apart=none, outdated_stay=false) %}
    {%- set contract = input_contract(input_table) -%}
    {%- if not contract -%}
judged_rows as (
    select row_number from checked_rows
)
    {%- else -%}
    {%- set key = contract.key -%}
    {%- set required = columns_where(contract, is_required=true) -%}
    {%- set is_keyless = contract.keyless or ('false' if key else 'true') -%}
    {%- set others = staged_columns(contract) | reject('in', key) | list -%}
    {%- set lost = [] -%}
    {%- for column in others if key and column in required and not outdated_stay
            and (contract.columns[column].type != 'text' or contract.columns[column].is_name) -%}
        {%- do lost.append('not outdated_rows.is_' ~ column ~ '_settled') -%}
    {%- endfor -%}
    {%- set is_lost = lost | join(' or ') -%}
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
        checked_rows.reasons is not null as is_faulty,
        checked_rows.is_after_as_of,
        {% for column in key -%}
        checked_rows.{{ column }} as key_{{ loop.index }},
        {% endfor -%}
        {{ apart or 0 }} as apart_by,
        {% if newest -%}
        greatest(
            {%- for column in newest -%}
            cast(checked_rows.{{ column }} as timestamp){% if not loop.last %}, {% endif %}
            {%- endfor -%}
            {%- if newest | length == 1 -%}, cast(null as timestamp){%- endif -%}
        )
        {%- else -%}
        cast(null as timestamp)
        {%- endif %} as newest_at,
        {% for column in contract.columns if not contract.columns[column].is_required -%}
        case when checked_rows.{{ column }} is not null then 1 else 0 end
        {%- if not loop.last %} + {% endif %}
        {%- else -%}
        0
        {%- endfor %} as known_count,
        -- what cannot be read says something too; what ends after the as-of date is not yet said
        {% for column, meta in contract.columns.items() -%}
        case
            when checked_rows.{{ column }} is not null then 1
            {%- if meta.type != 'text' %}
            when list_contains(checked_rows.reasons, 'unreadable_{{ column }}') then 1
            {%- endif %}
            else 0
        end
        {%- if not loop.last %} + {% endif %}
        {%- endfor %} as filled_count,
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
    inner join checked_rows on raw_rows.row_number = checked_rows.row_number
),

ranked_rows as (
    select
        *,
        not is_keyless
        and row_number() over (
            partition by
                {% for column in key -%}
                key_{{ loop.index }},
                {% endfor -%}
                apart_by,
                is_duplicate,
                is_keyless,
                is_faulty,
                is_after_as_of
            order by newest_at desc nulls last, known_count desc, row_number desc
        ) > 1 as is_superseded
    from compared_rows
),

{% if key -%}
outdated_rows as (
    select
        older.row_number,
        {% for column in others -%}
        bool_and(older_rows.{{ column }} is not distinct from newer_rows.{{ column }})
            as is_{{ column }}_settled{{ ',' if not loop.last }}
        {% endfor %}
    from ranked_rows as older
    inner join ranked_rows as newer
        on
            {%- for column in key %}
            {% if not loop.first %}and {% endif -%}
            older.key_{{ loop.index }} is not distinct from newer.key_{{ loop.index }}
            {%- endfor %}
    inner join checked_rows as older_rows on older.row_number = older_rows.row_number
    inner join checked_rows as newer_rows on newer.row_number = newer_rows.row_number
    where
        not (
            older.is_faulty or older.is_superseded or older.is_duplicate
            or older.is_keyless or older.is_after_as_of
        )
        and newer.is_faulty
        and not (newer.is_duplicate or newer.is_keyless or newer.is_after_as_of)
        and case
            when older.apart_by is distinct from newer.apart_by then true
            when older.newest_at <> newer.newest_at then newer.newest_at > older.newest_at
            when (older.newest_at is null) <> (newer.newest_at is null) then true
            when older.filled_count <> newer.filled_count
                then newer.filled_count > older.filled_count
            else newer.row_number > older.row_number
        end
    group by older.row_number
),

{% endif -%}
judged_rows as (
    select
        checked_rows.row_number,
        {% for column in staged_columns(contract) -%}
        {%- set default = contract.columns[column].default -%}
        {% if default is defined -%}
        coalesce(checked_rows.{{ column }}, {{ "'" ~ default ~ "'" if default is string else default }}) as {{ column }},
        {% elif column in key or column in required or not key
            or contract.columns[column].type == 'text' -%}
        checked_rows.{{ column }},
        {% else -%}
        case when coalesce(outdated_rows.is_{{ column }}_settled, true) then checked_rows.{{ column }} end
            as {{ column }},
        {% endif -%}
        {% endfor -%}
        {{ 'outdated_rows.row_number is not null' if key else 'false' }} as has_rejected_state,
        case
            when ranked_rows.is_duplicate then ['exact_duplicate']
            when checked_rows.is_after_as_of then ['after_as_of']
            when checked_rows.reasons is not null then checked_rows.reasons
            when ranked_rows.is_superseded then ['duplicate_key']
            {%- if is_lost %}
            when {{ is_lost }} then ['newer_state_rejected']
            {%- endif %}
        end as reasons,
        case
            when ranked_rows.is_duplicate then 'duplicate'
            when checked_rows.is_after_as_of then 'after_as_of'
            when checked_rows.reasons is not null then 'rejected'
            when ranked_rows.is_superseded then 'rejected'
            {%- if is_lost %}
            when {{ is_lost }} then 'rejected'
            {%- endif %}
            else 'kept'
        end as row_status
    from checked_rows
    left join ranked_rows on checked_rows.row_number = ranked_rows.row_number
    {%- if key %}
    left join outdated_rows on checked_rows.row_number = outdated_rows.row_number
    {%- endif %}
)
    {%- endif -%}
{% endmacro %}
