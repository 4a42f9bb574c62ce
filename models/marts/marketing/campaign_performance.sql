-- 1. The effect is that of a hold-out by lot (status ok, evidence randomised); else that of a hold-out whose
--    sides differed before, or of difference in differences: somebody selected the audience
--    (selected_audience). What keeps it away: int_campaign_findings.
-- 2. The uplift is a ratio of two means that are both estimated: its interval is Fieller's (1954). There
--    is none where what would have come without the campaign may be nothing.
-- 3. The naive difference stands beside an effect only: alone it would be taken for one.
-- 4. Costs are the spend under the campaign's name in its days, else its budget. A voucher's discount is
--    no part of them: it has already been taken off the margin of every order that used it.
-- 5. A campaign pays where the margin it caused exceeds its costs at both ends of the interval.
with findings as (
    select * from {{ ref('int_campaign_findings') }}
),

errors as (
    select
        *,
        {{ interval_z() }} * sqrt(variance + compared_variance) as error,
        {{ interval_z() }} * sqrt(revenue_variance) as revenue_error,
        {{ interval_z() }} * sqrt(margin_variance) as margin_error
    from findings
),

known_effects as (
    select
        campaign,
        naive_difference,
        {% for sign, end in [('', ''), (' - error', '_lower'), (' + error', '_upper')] -%}
        effect{{ sign }} as orders{{ end }},
        revenue_effect{{ sign | replace('error', 'revenue_error') }} as revenue{{ end }},
        margin_effect{{ sign | replace('error', 'margin_error') }} as margin{{ end }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from errors
    where status in ('ok', 'selected_audience')
),

-- both ends of a ratio r solve (treated - r baseline)^2 = z^2 (variance + r^2 compared_variance)
ratios as (
    select
        campaign,
        effect / baseline as uplift,
        (baseline + effect) * baseline as middle,
        pow(baseline, 2) - pow({{ interval_z() }}, 2) * compared_variance as scale,
        pow(baseline + effect, 2) - pow({{ interval_z() }}, 2) * variance as square
    from findings
    where
        status in ('ok', 'selected_audience')
        and baseline > {{ interval_z() }} * sqrt(compared_variance)
),

uplifts as (
    select
        campaign,
        uplift,
        -- orders cannot fall below none
        greatest((middle - sqrt(greatest(middle * middle - scale * square, 0))) / scale - 1, -1)
            as uplift_lower,
        (middle + sqrt(greatest(middle * middle - scale * square, 0))) / scale - 1 as uplift_upper
    from ratios
),

campaign_performance as (
    select
        findings.campaign,
        findings.channel,
        findings.status,
        case when known_effects.campaign is not null then findings.evidence end as evidence,
        case
            when known_effects.margin_lower * findings.reached_count > findings.cost then 'pays'
            when known_effects.margin_upper * findings.reached_count < findings.cost
                then 'does_not_pay'
            when known_effects.margin is not null and findings.cost is not null then 'unclear'
        end as verdict,
        findings.is_over,
        findings.reached_count,
        findings.opened_count,
        findings.clicked_count,
        coalesce(findings.compared_count, 0) as compared_count,
        findings.overlap_share,
        findings.discount_rate,
        findings.cost,
        -- rounded, for sums over customers come in any order
        {% for end in ['', '_lower', '_upper'] -%}
        round(uplifts.uplift{{ end }}, 6) as uplift{{ end }},
        {% for amount in ['orders', 'revenue', 'margin'] -%}
        round(known_effects.{{ amount }}{{ end }} * findings.reached_count, 6)
            as caused_{{ amount }}{{ end }},
        {% endfor -%}
        {% endfor -%}
        round(known_effects.naive_difference * findings.reached_count, 6) as naive_caused_orders,
        findings.starts_on,
        findings.ends_on
    from findings
    left join known_effects on findings.campaign = known_effects.campaign
    left join uplifts on findings.campaign = uplifts.campaign
)

select * from campaign_performance
