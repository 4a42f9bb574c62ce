"""The lexicon reads English, and says so of what it does not."""

import csv

import pandas as pd
from compiled import ROOT

from retail_analytics.support.sentiment import message_scores

with (ROOT / "seeds/rules/support/english_words.csv").open() as file:
    WORDS = {row["word"] for row in csv.DictReader(file)}


def scores(*messages: str) -> pd.DataFrame:
    return message_scores(pd.Series(messages), english_words=WORDS, least_share=0.2).set_index(
        "message"
    )


def test_moods_have_their_sign_and_a_question_none() -> None:
    good = "Thanks for your great help, I love it!"
    bad = "I am very angry and disappointed with this terrible service."
    result = scores(good, bad, "When will my order arrive?")["score"]
    assert result[good] > 0.5
    assert result[bad] < -0.5
    assert result["When will my order arrive?"] == 0


def test_other_languages_have_no_score() -> None:
    # to the lexicon, `die` and `war` are English and bad, `toll` is bad
    others = (
        "Die Ware war gut und toll",
        "Où est mon colis ? Je suis très content.",
        "¿Dónde está mi pedido? No me gusta nada.",
        "Waar is mijn pakket? Dit is slecht.",
        "荷物はどこですか",
        "12345 !!!",
        "",
    )
    result = scores(*others)
    assert result["score"].isna().all()
    assert set(result["status"]) == {"not_english"}


def test_no_messages_no_scores() -> None:
    assert scores().empty
