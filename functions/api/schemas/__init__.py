"""The JSON of requests and responses: a module for each topic."""
