"""What the inputs of mutations share."""

from typing import Any

import strawberry


def changes(**fields: strawberry.Maybe[Any]) -> dict[str, Any]:
    """The fields of an update that were given, null included; those left out stay as they are."""
    return {name: field.value for name, field in fields.items() if field is not None}


def described(description: str) -> Any:
    """The description of an argument, for Annotated."""
    return strawberry.argument(description=description)
