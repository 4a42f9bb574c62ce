"""One row per different message of tickets: its mood by the lexicon."""

from retail_analytics.support.sentiment import message_scores
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Scores English messages."""
    messages = dbt.ref("int_ticket_messages")
    words = dbt.ref("english_words")
    return apart(
        message_scores,
        messages.order("message").df()["message"],
        english_words=set(words.df()["word"]),
        least_share=float(dbt.config.meta_get("least_share")),
    )
