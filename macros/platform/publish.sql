{#
    After the last node: publishes the marts when the build was whole and every node is green.
    Anything else leaves the published file as it was, and says so.
#}
{% macro publish(results) %}
    {% if execute and flags.WHICH in ['build', 'run', 'test', 'seed', 'snapshot', 'retry'] %}
        {% do say_what_was_rejected(results) %}
        {% do say_what_was_decided(results) %}
        {% do say_answers_to_nothing(results) %}
        {% do say_what_changed(results) %}
        {% do say_changed_columns(results) %}
        {% set reason = unusable_files(results) or reason_not_to_publish(results) %}
        {% if reason %}
            {% do run_query('select keep_what_is_made()') %}
            {% do log('not published: ' ~ reason, info=true) %}
        {% else %}
            {% set tables = [] %}
            {% set domains = {} %}
            {% set keys = {} %}
            {% for result in results if result.node.resource_type in ['model', 'seed', 'snapshot'] %}
                {% do tables.append([result.node.schema, result.node.alias]) %}
                {% do domains.update({result.node.alias: result.node.fqn[-2]}) %}
                {% if result.node.resource_type == 'model' %}
                    {% do keys.update({result.node.alias: key_columns(result.node)}) %}
                {% endif %}
            {% endfor %}
            {% set parents = {} %}
            {% for node in graph.nodes.values() if node.resource_type == 'model' %}
                {% set names = [] %}
                {% for id in node.depends_on.nodes %}
                    {% do names.append(id.split('.')[-1]) %}
                {% endfor %}
                {% do parents.update({node.name: names}) %}
            {% endfor %}
            {% set request = {
                'built_at': run_started_at.strftime('%Y-%m-%d %H:%M:%S'),
                'invocation_id': invocation_id,
                'tables': tables,
                'domains': domains,
                'keys': keys,
                'parents': parents,
                'currency': var('currency', none),
            } %}
            {% set call %}
                select publish_build('{{ escape_single_quotes(tojson(request)) }}')
            {% endset %}
            {% set answer = fromjson(run_query(call).columns[0][0]) %}
            {% if answer.error %}
                {% do exceptions.raise_compiler_error('not published: ' ~ answer.error) %}
            {% endif %}
            {% do log('published: ' ~ answer.published, info=true) %}
        {% endif %}
    {% endif %}
{% endmacro %}

{# How many rows were rejected, and the files that lost one in a hundred or more. #}
{% macro say_what_was_rejected(results) %}
    {% for result in results if result.node.name == 'input_summary' and result.status == 'success' %}
        {% set lines %}
            with reasons as (
                select input_table, reason, count(*) as row_count
                from {{ result.node.database }}.{{ result.node.schema }}.rejected_rows
                group by input_table, reason
            ),

            files as (
                select
                    summary.source_file,
                    summary.rows_read,
                    summary.rows_rejected,
                    max_by(reasons.reason, (reasons.row_count, reasons.reason)) as reason
                from {{ result.node.relation_name }} as summary
                inner join reasons using (input_table)
                group by all
            )

            select
                case
                    when count(*) = 0 then 'rejected: no row'
                    else
                        'rejected: ' || format('{:,}', cast(sum(rows_rejected) as bigint))
                        || ' rows; quality.rejected_rows says why'
                end as line,
                2 as share
            from files
            union all
            select
                format('note: {}: {:,} of {:,} rows', source_file, rows_rejected, rows_read)
                || ' were rejected, most of them for ' || reason as line,
                rows_rejected / rows_read as share
            from files
            where rows_rejected >= 0.01 * rows_read
            order by share desc, line
        {% endset %}
        {% do say_lines(lines) %}
    {% endfor %}
{% endmacro %}

{# What staging decided where rows allow of more than one reading. #}
{% macro say_what_was_decided(results) %}
    {% for result in results if result.node.name == 'input_summary' and result.status == 'success' %}
        {% set lines %}
            select format('note: {:,} rows begin after {} and are left out', sum(rows_after_as_of), '{{ as_of_date_setting() }}')
            from {{ result.node.relation_name }}
            having sum(rows_after_as_of) > 0
            union all
            select format(
                'note: {}: {:,} of {:,} rows equal another one in every column and count once; an id, or a count, tells them apart',
                source_file,
                rows_duplicate,
                rows_read
            )
            from {{ result.node.relation_name }}
            where
                rows_duplicate >= 0.05 * rows_read
                and rows_duplicate > 0
                and input_table in ({{ inputs_without_key() }})
            union all
            select
                'note: '
                || if(count(*) = 1, '1 return stands', format('{:,} returns stand', count(*)))
                || ' under the id of a sale or another return: all count'
            from staging.stg_orders
            where sold_order_id is not null and row_status = 'kept'
            having count(*) > 0
            {% for input_table in var('inputs') -%}
            union all
            select format(
                'note: {{ input_table }}: rows of which a newer state was rejected: {:,}; what it may have changed is unknown',
                count(*)
            )
            from staging.stg_{{ input_table }}
            where has_rejected_state
            having count(*) > 0
            {% endfor %}
            union all
            select format(
                'note: equal lines were taken for copies in {:,} orders, whose totals do not fit what is left',
                count(*)
            )
            from (
                select lines.order_id
                from staging.stg_order_lines as lines
                inner join staging.stg_orders as orders
                    on lines.order_id = orders.order_id and orders.row_status = 'kept'
                where lines.row_status in ('kept', 'duplicate')
                group by lines.order_id, orders.order_total
                having
                    count(*) filter (lines.row_status = 'duplicate' and lines.line_number is null) > 0
                    and abs(
                        coalesce(
                            sum(coalesce(lines.line_total, lines.quantity * lines.unit_price))
                            filter (lines.row_status = 'kept'),
                            0
                        ) - orders.order_total
                    ) >= 0.005
            )
            having count(*) > 0
        {% endset %}
        {% do say_lines(lines) %}
    {% endfor %}
{% endmacro %}

{# The names of the inputs whose rows nothing tells apart but all of their columns. #}
{% macro inputs_without_key() -%}
    {%- set found = [] -%}
    {%- for input_table in var('inputs') if not input_contract(input_table).key -%}
        {%- do found.append("'" ~ input_table ~ "'") -%}
    {%- endfor -%}
    {{ found | join(', ') }}
{%- endmacro %}

{# Says each line that a query gives. #}
{% macro say_lines(query) %}
    {% for line in run_query(query).columns[0] %}
        {% do log(line, info=true) %}
    {% endfor %}
{% endmacro %}

{# Answers of the user's file that still hold and meet no alert: a mistyped name mutes nothing. #}
{% macro say_answers_to_nothing(results) %}
    {% set is_own = adapter.get_relation(
        database=target.database, schema='raw', identifier='rule_alert_responses'
    ) %}
    {% for result in results
        if is_own and result.node.name == 'alerts' and result.status == 'success' %}
        {% set lines %}
            select format(
                'note: rules/alert_responses.csv: {:,} of the answers that still hold meet no alert, such as that with response_id {}',
                count(*),
                min(answers.response_id)
            )
            from rules.alert_responses as answers
            inner join intermediate.int_as_of as as_of on answers.until_on >= as_of.as_of_date
            where
                not exists (
                    select alerts.alert_id
                    from {{ result.node.relation_name }} as alerts
                    where {{ answers_alert('answers', 'alerts') }}
                )
            having count(*) > 0
        {% endset %}
        {% do say_lines(lines) %}
    {% endfor %}
{% endmacro %}

{# The three most important findings of the day, what was not told before first. #}
{% macro say_what_changed(results) %}
    {% for result in results if result.node.name == 'insights' and result.status == 'success' %}
        {% set lines %}
            select case when is_new then 'changed: ' else 'still: ' end || text as line
            from {{ result.node.relation_name }}
            where is_shown
            order by is_new desc, insight_rank
            limit 3
        {% endset %}
        {% do say_lines(lines) %}
    {% endfor %}
{% endmacro %}

{# Inputs whose columns are not those of the build before. #}
{% macro say_changed_columns(results) %}
    {% for result in results if result.node.name == 'input_history' and result.status == 'success' %}
        {% set lines %}
            select
                'note: ' || input_table || ' is not as on ' || cast(compared_with as varchar)
                || coalesce('; new columns: ' || added_columns, '')
                || coalesce('; columns that are gone: ' || missing_columns, '') as line
            from {{ result.node.relation_name }}
            where status in ('columns_changed', 'new_file', 'lost_file')
                and as_of_date = (select max(as_of_date) from {{ result.node.relation_name }})
            order by line
        {% endset %}
        {% do say_lines(lines) %}
    {% endfor %}
{% endmacro %}

{# The files with rows of which none can be used, in words; empty where there is none. #}
{% macro unusable_files(results) %}
    {% for result in results if result.node.name == 'input_summary' and result.status == 'success' %}
        {% set files %}
            select
                format('{}: none of its {:,} rows can be used', summary.source_file, summary.rows_read)
                || ' (most of them: ' || mode(rejected.reason) || ')' as line
            from {{ result.node.relation_name }} as summary
            inner join {{ result.node.database }}.{{ result.node.schema }}.rejected_rows as rejected using (input_table)
            where summary.rows_kept = 0 and summary.rows_after_as_of = 0
            group by summary.source_file, summary.rows_read
            order by line
        {% endset %}
        {% set lines = run_query(files).columns[0].values() | list %}
        {% if lines %}
            {{ return(lines | join('; ') ~ '; the published file is as it was') }}
        {% endif %}
    {% endfor %}
    {{ return('') }}
{% endmacro %}

{# Before any model of a whole build: its public tables are made anew. #}
{% macro start_over() %}
    {% if execute and flags.WHICH == 'build' and not parts_of_the_project() %}
        {% do run_query('select start_over()') %}
    {% endif %}
{% endmacro %}

{# The options of this run that leave out a part of the project. #}
{% macro parts_of_the_project() %}
    {% set partial = [] %}
    {% for option in [
        'select', 'exclude', 'selector', 'resource_types', 'exclude_resource_types',
        'empty', 'sample', 'defer', 'event_time_start', 'event_time_end',
    ] if invocation_args_dict.get(option) %}
        {# unit tests prove the SQL on rows by hand: they say nothing of this build's data #}
        {% if option != 'exclude_resource_types' or invocation_args_dict[option] | list != ['unit_test'] %}
            {% do partial.append('--' ~ option | replace('types', 'type') | replace('_', '-')) %}
        {% endif %}
    {% endfor %}
    {{ return(partial) }}
{% endmacro %}

{# Why this run must not be published, in words; empty when it may. #}
{% macro reason_not_to_publish(results) %}
    {% if flags.WHICH != 'build' %}
        {{ return('only a whole dbt build is, and this was dbt ' ~ flags.WHICH) }}
    {% endif %}
    {% set partial = parts_of_the_project() %}
    {% if partial %}
        {{ return('a build with ' ~ partial | join(', ') ~ ' is not the whole') }}
    {% endif %}
    {# a warning is a suspicion, and no broken promise #}
    {% set failed = results | rejectattr('status', 'in', ['success', 'pass', 'warn', 'no-op']) | list %}
    {% if failed %}
        {% set advice = '; MEMORY_LIMIT=8GB allows DuckDB to hold more'
            if 'Out of Memory Error' in failed | map(attribute='message') | join else '' %}
        {{ return(failed | length ~ ' of ' ~ results | length ~ ' nodes are not green' ~ advice) }}
    {% endif %}
    {# a default selector is in no option #}
    {% set ran = results | map(attribute='node.unique_id') | list %}
    {% for id, node in graph.nodes.items()
        if node.resource_type in ['model', 'seed', 'snapshot', 'test']
        and node.config.materialized != 'ephemeral' and id not in ran %}
        {{ return(id ~ ' did not run') }}
    {% endfor %}
    {{ return('') }}
{% endmacro %}
