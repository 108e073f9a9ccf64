"""The rules of programmes, and what owners agreed to and scheduled, as pure questions."""
