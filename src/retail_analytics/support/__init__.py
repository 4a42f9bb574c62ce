"""Support: business time, promises, teams, waits, staffing and what is unusual."""
