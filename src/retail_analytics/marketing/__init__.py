"""Marketing: credit by rule, effect with its evidence, the media mix and the budget."""
