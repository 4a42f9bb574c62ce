{#
    The last steps of a base model, after its CTEs `source` (as read) and `cast_rows` (typed, with
    `reasons`): finds exact duplicates of a whole row and keeps the first; of the good rows that
    share a key keeps the newest (the later row where that ties) and rejects the others.

    Only rows whose key is there more than once are compared: one pass over the key, no sort.
    `key`: expressions over the source's columns; without one, or where `keyless` holds, the key is
    the whole row. `newest`: a column of cast_rows.
#}
{% macro judged(key=[], newest=none, keyless='false') %}
hashed_rows as (
    select
        *,
        hash(*columns(* exclude (row_number))) as row_hash
    from source
),

repeated_keys as (
    select {{ key_hash(key, keyless) }} as key_hash
    from hashed_rows
    group by all
    having count(*) > 1
),

repeated_rows as (
    select
        row_number,
        {% for expression in key -%}
        {{ expression }} as key_{{ loop.index }},
        {% endfor -%}
        row_number() over (partition by {{ row_as_json() }} order by row_number) > 1 as is_duplicate,
        {{ keyless if key else 'true' }} as is_keyless
    from hashed_rows
    where {{ key_hash(key, keyless) }} in (select repeated_keys.key_hash from repeated_keys)
),

ranked_rows as (
    select
        repeated_rows.row_number,
        repeated_rows.is_duplicate,
        not repeated_rows.is_keyless
        and row_number() over (
            partition by
                {% for expression in key %}repeated_rows.key_{{ loop.index }}, {% endfor -%}
                repeated_rows.is_duplicate,
                repeated_rows.is_keyless,
                cast_rows.reasons is null
            order by {% if newest %}cast_rows.{{ newest }} desc, {% endif %}cast_rows.row_number desc
        ) > 1 as is_superseded
    from repeated_rows
    inner join cast_rows using (row_number)
),

judged_rows as (
    select
        cast_rows.* exclude (reasons),
        case
            when ranked_rows.is_duplicate then null
            when cast_rows.reasons is not null then cast_rows.reasons
            when ranked_rows.is_superseded then ['duplicate_key']
        end as reasons,
        case
            when ranked_rows.is_duplicate then 'duplicate'
            when cast_rows.reasons is not null or ranked_rows.is_superseded then 'rejected'
            else 'kept'
        end as row_status
    from cast_rows
    left join ranked_rows using (row_number)
)

select * from judged_rows
{% endmacro %}

{% macro key_hash(key, keyless) -%}
    {%- if not key -%}row_hash
    {%- elif keyless == 'false' -%}hash({{ key | join(', ') }})
    {%- else -%}case when {{ keyless }} then row_hash else hash({{ key | join(', ') }}) end
    {%- endif -%}
{%- endmacro %}

{# The row as text, whatever its columns, without its number. #}
{% macro row_as_json() -%}
    cast(to_json(struct_pack(*columns(* exclude (row_number, row_hash)))) as varchar)
{%- endmacro %}
