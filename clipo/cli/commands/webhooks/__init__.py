"""Manage webhook receivers, and follow, test and repeat deliveries."""
