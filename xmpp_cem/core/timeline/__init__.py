"""Events, limits and responses of a resource resolved into what it is to do, and when."""
