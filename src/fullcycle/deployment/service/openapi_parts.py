"""Parts of an OpenAPI 3.1 document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def ref(name: str) -> Json:
    """A schema by its name.

    >>> ref("Row")
    {'$ref': '#/components/schemas/Row'}
    """
    return {"$ref": f"#/components/schemas/{name}"}


def object_(properties: Json, required: list[str] | None = None) -> Json:
    """An object; all its properties are required where *required* does not say which.

    >>> object_({"a": {"type": "string"}})["required"]
    ['a']
    """
    return {"type": "object", "properties": properties, "required": list(properties) if required is None else required}


def list_(name: str, most: int | None = None) -> Json:
    """A list of a named schema.

    >>> list_("Row", 2)
    {'type': 'array', 'items': {'$ref': '#/components/schemas/Row'}, 'maxItems': 2}
    """
    found: Json = {"type": "array", "items": ref(name)}
    return found if most is None else {**found, "maxItems": most}


def get(summary: str, schema: Json, media: str = "application/json", refused: Mapping[str, Json] = {}) -> Json:
    """An operation that only tells.

    >>> sorted(get("It runs", {})["responses"])
    ['200']
    """
    answer = {"description": "OK", "content": {media: {"schema": schema}}}
    return {"summary": summary, "responses": {"200": answer, **refused}}


def post(summary: str, content: Json, answer: Json, refused: Mapping[str, Json]) -> Json:
    """An operation that takes a body and logs what it does.

    >>> post("Decide", {"application/json": {}}, {}, {})["requestBody"]["required"]
    True
    """
    done = {"description": "Done, and logged.", "content": {"application/json": {"schema": answer}}}
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": content},
        "responses": {"200": done, **refused},
    }
