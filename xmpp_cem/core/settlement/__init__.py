"""What an event is settled by: readings, periods, baselines, delivered energy, evidence."""
