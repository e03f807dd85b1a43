"""All that speaks to MongoDB: no other module imports its driver (ADR 66)."""
