"""Members of a domain: who belongs to it, who is there, and what they told."""
