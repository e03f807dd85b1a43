"""The least that Lambda can start: what the runtime itself costs."""


def handler(event: object, context: object) -> dict[str, str]:  # noqa: ARG001 (Lambda's form)
    """Answer."""
    return {"hello": "world"}
