"""The cascade: what stands between the domains above a gateway and those below it."""
