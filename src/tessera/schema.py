"""OpenAPI, for drf-spectacular."""
