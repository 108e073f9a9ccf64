"""The life of an event at a VEN: its states, causes and times, as tables."""
