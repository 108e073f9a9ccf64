"""A VTN: what it publishes, answers, and has its operators command."""
