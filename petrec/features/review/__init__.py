"""Export doubtful recordings for people who know the animals, and import their decisions."""
