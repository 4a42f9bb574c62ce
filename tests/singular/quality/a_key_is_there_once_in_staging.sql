-- The staging tables agree with the keys of the contract: of rows with one key, one is kept. Marts
-- keep this by their primary keys; here it holds for the tables that no mart is made of, too.
with repeated_keys as (
    {% for input_table in var('inputs') %}
    {%- set contract = input_contract(input_table) %}
    select
        '{{ input_table }}' as input_table,
        count(*) as row_count
    from {{ kept(input_table) }}
    {% if contract and contract.key -%}
    where not ({{ contract.keyless or 'false' }})
    group by {{ contract.key | join(', ') }}
    having count(*) > 1
    {%- else -%}
    having false
    {%- endif %}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from repeated_keys
