{#
    A figure as people read it: shares in percent, whole numbers from ten on (with commas from a
    thousand on), else one decimal where it is not 0; net sentiment in points from -100 to 100, as on
    pages.
    unit: share, points, days, net or count.
#}
{% macro figure(value, unit) -%}
    case
        when {{ unit }} = 'share' then {{ plain_number('100 * ' ~ value) }} || ' %'
        when {{ unit }} = 'net' then {{ plain_number('100 * ' ~ value) }}
        else {{ plain_number(value) }}
    end
{%- endmacro %}

{% macro plain_number(value) -%}
    {%- set whole = 'cast(cast(round(' ~ value ~ ') as bigint) as varchar)' -%}
    case
        when abs(round({{ value }})) >= 1000000
            then left({{ whole }}, length({{ whole }}) - 6) || ',' || left(right({{ whole }}, 6), 3)
                || ',' || right({{ whole }}, 3)
        when abs(round({{ value }})) >= 1000
            then left({{ whole }}, length({{ whole }}) - 3) || ',' || right({{ whole }}, 3)
        when abs({{ value }}) >= 10 or round({{ value }}, 1) = round({{ value }})
            then {{ whole }}
        else cast(cast(round({{ value }}, 1) as decimal(18, 1)) as varchar)
    end
{%- endmacro %}

{# A month as people write it: December 2024. #}
{% macro month_in_words(day) -%}
    case month({{ day }})
        {% for name in [
            'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September',
            'October', 'November', 'December',
        ] -%}
        when {{ loop.index }} then '{{ name }}'
        {% endfor -%}
    end || ' ' || cast(year({{ day }}) as varchar)
{%- endmacro %}

{#
    A text of a rule with its words in braces filled in; null where the usual figure is asked for and
    not known, nothing where another one is not.
    fillings: expression of each word.
#}
{% macro filled(template, fillings) -%}
    {% for word in fillings %}replace({% endfor %}{{ template }}
    {%- for word, filling in fillings.items() -%}
    , '{{ '{' ~ word ~ '}' }}', {% if word == 'usual' -%}
    case when {{ template }} like '%{usual}%' then {{ filling }} else '' end
    {%- else -%}
    coalesce({{ filling }}, '')
    {%- endif %})
    {%- endfor %}
{%- endmacro %}
