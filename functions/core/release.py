"""The release of Clipo that these functions are."""

RELEASE = "0.2.0"
"""As in pyproject.toml. Each result names the release that made it, and the API shows it."""
