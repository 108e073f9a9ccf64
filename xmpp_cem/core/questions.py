"""How a VTN asks a VEN for its capability and for events: what both sides must agree on."""

KNOWN = "known"
"""Option of a query for a capability: the revision that is known. A VEN that has another registers
anew, so that both know what is confirmed."""

MOST_NAMED = 30
"""So many events are told of at once: answers and status fit into a message."""
