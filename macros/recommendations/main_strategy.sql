{# The strategy with the largest part of a row's score; ties go to the first named. #}
{% macro main_strategy(relation) %}
    {% set names = [
        'personal', 'cross_selling', 'collaborative', 'content', 'price_affinity', 'seasonal'
    ] %}
    case greatest(
        {% for name in names %}{{ relation }}.{{ name }}_part{{ ', ' if not loop.last }}{% endfor %}
    )
        {% for name in names %}
            when {{ relation }}.{{ name }}_part then '{{ name }}'
        {% endfor %}
    end
{% endmacro %}
