{#
    Overrides dbt-duckdb's macro of this name, which writes every Python model.

    A model with `config.meta.contract: true` gets what a contract gives a SQL model: the table is
    made from the YAML's columns, types and constraints, and filled by name. A column too many, one
    missing, or a value that a constraint refuses fails the model and keeps the old table.

    Before anything else the model imports what all of them import, so that no two import at once.
#}
{% macro py_write_table(temporary, relation, compiled_code, partitioned_by=none, sorted_by=none) -%}
{%- set types = contracted_types() -%}
import retail_analytics.warehouse.python_model_imports
{{ compiled_code }}

def materialize(df, con):
    from retail_analytics.warehouse.contracts import write_contracted

    write_contracted(
        df,
        con,
        model={{ model.name | tojson }},
        relation={{ relation.render() | string | tojson }},
        definitions={{ contracted_definitions() | tojson }},
        types={{ types | tojson }},
        key_check={{ key_check(relation) | tojson }},
        comments={{ comments(relation) | tojson }},
    )
{% endmacro %}

{# The contract's columns in order, each with its type. #}
{% macro contracted_types() %}
    {% if not config.get('meta', {}).get('contract') %}
        {% do exceptions.raise_compiler_error(model.name ~ ': a Python model needs `config.meta.contract: true`') %}
    {% endif %}
    {% set types = {} %}
    {% for name, column in model['columns'].items() %}
        {% if not column.data_type %}
            {% do exceptions.raise_compiler_error(model.name ~ '.' ~ name ~ ': a contract needs `data_type`') %}
        {% endif %}
        {% do types.update({name: column.data_type}) %}
    {% endfor %}
    {{ return(types) }}
{% endmacro %}
