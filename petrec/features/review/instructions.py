"""What the first sheet of a workbook tells the people who fill it in."""

FIRST_SHEET = "instructions"
REVIEWER = "Your name"
LINES = {
    "What this is": "Recordings whose pet is missing or doubtful. Only people who know the animals "
    "can say which pet was recorded.",
    "decision": "Choose from the list of the cell: one of the row's candidates, 'cannot tell', or "
    "'leave' for a recording that is to stay as it is. An empty cell decides nothing.",
    "other": "Where the list offers 'other', any pet may be named: choose it, and put the pet's id "
    "into other_pet_id.",
    "would be added": "A candidate that 'would be added to the appointment' becomes one of the "
    "appointment's pets.",
    "suggestions": "What speaks for a candidate, and how much. It is a hint, not a decision.",
    "reviewer, note": "Your name above serves for all rows; a name in a row goes before it.",
    "Do not change": "The other cells, the header, the names of the columns. Sorting, filtering "
    "and deleting rows is fine.",
}
