"""A VEN: its events and answers, what it tells its VTN, and how it catches up."""
