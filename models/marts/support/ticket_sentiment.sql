-- 1. A label that came with the data decides (`llm_outputs`: subject_type `ticket`, kind `sentiment`;
--    positive, neutral, negative, or a number from -1 to 1): the newest of a ticket.
-- 2. Else VADER's lexicon, on English messages only (message_scores); else satisfaction, 1 to 5 as -1
--    to 1, which is the mood after the solution; else there is no score.
with tickets as (
    select * from {{ kept('support_tickets') }}
),

llm_outputs as (
    select * from {{ kept('llm_outputs') }}
),

message_scores as (
    select * from {{ ref('message_scores') }}
),

label_scores as (
    select * from {{ ref('sentiment_labels') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

labels as (
    select
        llm_outputs.subject_id as ticket_id,
        coalesce(label_scores.score, try_cast(llm_outputs.text as double)) as score
    from llm_outputs
    left join label_scores on lower(trim(llm_outputs.text)) = label_scores.label
    where
        llm_outputs.kind = 'sentiment'
        and llm_outputs.subject_type in ('ticket', 'support_ticket')
        and coalesce(label_scores.score, try_cast(llm_outputs.text as double)) between -1 and 1
    qualify
        row_number() over (
            partition by llm_outputs.subject_id
            order by llm_outputs.made_at desc nulls last, llm_outputs.row_number desc
        ) = 1
),

scored as (
    select
        tickets.ticket_id,
        tickets.opened_at,
        labels.score as label_score,
        message_scores.score as lexicon_score,
        message_scores.status as lexicon_status,
        tickets.message,
        case
            when tickets.satisfaction_score between 1 and 5
                then (cast(tickets.satisfaction_score as double) - 3) / 2
        end as satisfaction_score
    from tickets
    left join labels on tickets.ticket_id = labels.ticket_id
    left join message_scores on tickets.message = message_scores.message
),

ticket_sentiment as (
    select
        scored.ticket_id,
        case
            when scored.label_score is not null then 'label'
            when scored.lexicon_score is not null then 'lexicon'
            when scored.satisfaction_score is not null then 'satisfaction'
        end as method,
        case
            when coalesce(scored.label_score, scored.lexicon_score, scored.satisfaction_score)
                is not null then 'ok'
            when scored.message is null then 'no_message'
            when scored.lexicon_status is null then 'not_read'
            else 'language_not_known'
        end as status,
        coalesce(scored.label_score, scored.lexicon_score, scored.satisfaction_score) as score,
        cast(date_trunc('month', {{ shop_day('scored.opened_at') }}) as date) as month,
        as_of.as_of_date
    from scored
    cross join as_of
)

select * from ticket_sentiment
