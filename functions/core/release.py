"""The release of Clipo to which these functions belong."""

RELEASE = "0.2.0"
"""The version in pyproject.toml. Each result stores it, and the API shows it."""
