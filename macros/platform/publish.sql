{#
    After the last node: publishes the marts when the build was whole and every node is green.
    Anything else leaves the published file as it was, and says so.
#}
{% macro publish(results) %}
    {% if execute and flags.WHICH == 'build' %}
        {% set partial = [] %}
        {% for option in ['select', 'exclude', 'selector', 'resource_types', 'exclude_resource_types', 'empty', 'sample', 'defer'] %}
            {% if invocation_args_dict.get(option) %}
                {% do partial.append('--' ~ option | replace('_', '-')) %}
            {% endif %}
        {% endfor %}
        {% set failed = results | rejectattr('status', 'in', ['success', 'pass']) | list %}
        {% if partial %}
            {% do log('not published: a build with ' ~ partial | join(', ') ~ ' is not the whole', info=true) %}
        {% elif failed %}
            {% do log('not published: ' ~ failed | length ~ ' of ' ~ results | length ~ ' nodes are not green', info=true) %}
        {% else %}
            {% set request = {
                'built_at': run_started_at.strftime('%Y-%m-%d %H:%M:%S'),
                'invocation_id': invocation_id,
            } %}
            {% set call %}
                select publish_build('{{ escape_single_quotes(tojson(request)) }}')
            {% endset %}
            {% do log('published: ' ~ run_query(call).columns[0][0], info=true) %}
        {% endif %}
    {% endif %}
{% endmacro %}
