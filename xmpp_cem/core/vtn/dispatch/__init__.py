"""Dispatch: a target divided over members, answered, watched and divided anew."""
