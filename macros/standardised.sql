{# A measure of customers in the units of the centroids: standardised log1p. #}
{% macro standardised(measure) -%}
    (
        ln(1 + greatest(cast(customers.{{ measure }} as double), 0)) - centroids.{{ measure }}_mean
    ) / centroids.{{ measure }}_sd
{%- endmacro %}
