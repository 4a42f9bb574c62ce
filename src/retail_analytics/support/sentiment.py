"""The mood of a message by VADER's lexicon, which knows English (Hutto and Gilbert 2014).

To the lexicon a German `die` is an English one, and a text it has no word for is neutral: so a
message is scored only where enough of its words are words that English has and its neighbours have
not.
"""

import re

import numpy as np
import pandas as pd
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def message_scores(
    messages: pd.Series, *, english_words: set[str], least_share: float
) -> pd.DataFrame:
    """Scores of different messages.

    Parameters
    ----------
    messages: texts.
    english_words: lower-case words that tell English.
    least_share: of a message's words that must be among them.

    Returns
    -------
    message, score (-1 to 1, VADER's compound; null where the language is not known) and status
    (`ok`, `not_english`).
    """
    analyzer = SentimentIntensityAnalyzer()
    texts = messages.to_numpy(dtype=object)
    scores = np.full(len(texts), np.nan)
    for number, text in enumerate(texts):
        words = [word.lower().replace("’", "'") for word in WORD.findall(text)]
        known = sum(word in english_words for word in words)
        if words and known >= least_share * len(words):
            scores[number] = analyzer.polarity_scores(text)["compound"]
    return pd.DataFrame(
        {
            "message": texts,
            "score": scores,
            "status": np.where(np.isnan(scores), "not_english", "ok"),
        }
    )
