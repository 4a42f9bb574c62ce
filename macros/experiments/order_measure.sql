{# The measure of orders of this name, as int_experiment_order_outcomes has it. #}
{% macro order_measure(name) -%}
    case {{ name }}
            when 'buyers' then least(order_outcomes.purchases, 1)
            when 'purchases' then order_outcomes.purchases
            when 'net_revenue' then
                case when not order_outcomes.is_revenue_unknown then order_outcomes.net_revenue end
            when 'purchase_revenue' then
                case
                    when not order_outcomes.is_revenue_unknown then order_outcomes.purchase_revenue
                end
            when 'returns' then order_outcomes.returns
            when 'complaints' then order_outcomes.complaints
            when 'ticket_scores' then order_outcomes.ticket_scores
            when 'scored_tickets' then order_outcomes.scored_tickets
        end
{%- endmacro %}
