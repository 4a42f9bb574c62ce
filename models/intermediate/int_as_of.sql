with input_events as (
    select * from {{ ref('int_input_events') }}
),

as_of as (
    select
        {% if as_of_date_setting() -%}
        date '{{ as_of_date_setting() }}' as as_of_date
        {%- else -%}
        cast(max(last_event_at) as date) as as_of_date
        {%- endif %}
    from input_events
)

select * from as_of
