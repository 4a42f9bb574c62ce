-- What the description of a column says of it: there it is read by everybody who reads the table.
with personal_columns (table_schema, table_name, column_name, kind) as (
    values
    {{ personal_columns() }}
),

personal_data as (
    select
        table_schema,
        table_name,
        column_name,
        kind
    from personal_columns
    where kind <> ''
)

select * from personal_data
