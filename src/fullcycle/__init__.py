"""fullcycle."""
