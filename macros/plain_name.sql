{# A name without case, plural, spaces and signs: `Gift Cards`, `gift-card` and `Giftcards` are one. #}
{% macro plain_name(column) -%}
    nullif(
        rtrim(
            regexp_replace(replace(lower({{ column }}), '&', 'and'), '[^\p{L}\p{N}]', '', 'g'), 's'
        ),
        ''
    )
{%- endmacro %}
