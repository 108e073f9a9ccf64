"""Readings: from samples to windows, sums, pages and corrections."""
