"""A site: a VEN with resources of its own, its plan, its reports and its failsafe."""
