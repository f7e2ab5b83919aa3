"""Labels by people: which rows to ask about, files for their tools, and how far they agree."""
