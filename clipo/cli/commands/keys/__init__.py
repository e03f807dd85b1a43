"""Create, list and revoke API keys, as the operator of a stack."""
