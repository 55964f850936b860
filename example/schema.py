"""How albums and tracks refuse, for the OpenAPI document: drf-spectacular sees only what a view returns itself."""

from collections.abc import Iterator
from typing import Any

REFUSALS = {
    "400": "The body cannot be read, or this is wrong with its fields.",
    "401": "No token, or one that opens nothing.",
    "403": "It is somebody else's, or the token has not the scope.",
    "404": "There is no such row, or no such page.",
    "415": "The body is of a kind that is not read.",
}
DETAIL = {"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]}
SCHEMAS = {"400": {"type": "object"}}  # A list of complaints for each field.
HEADERS = {"401": {"WWW-Authenticate": {"schema": {"type": "string"}, "required": True}}}


def add_refusals(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Describe them for every operation that describes none itself, as those of the tokens do."""
    operations = [each for methods in result["paths"].values() for each in methods.items()]
    for method, operation in operations:
        if max(operation["responses"]) < "400":
            operation["responses"] |= {status: refusal(status) for status in refusals_of(method, operation)}
    return result


def refusals_of(method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield "401"
    if method != "get":
        yield "403"
    if "parameters" in operation:
        yield "404"
    if "requestBody" in operation:
        yield from ("400", "415")


def refusal(status: str) -> dict[str, Any]:
    return {
        "description": REFUSALS[status],
        "headers": HEADERS.get(status, {}),
        "content": {"application/json": {"schema": SCHEMAS.get(status, DETAIL)}},
    }
