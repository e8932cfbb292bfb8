"""Who may ask for what: every field of the roots, and every field that shows an amount, names its permission.

A field only names it. schema.py makes sure that it is asked for, once for the whole graph, and refuses to build a
graph in which a field of a root names none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import strawberry

from models.rules.refusals import Forbidden
from models.rules.viewers import Permission
from resolvers.refusals import RefusalsAsErrors

NEEDS = "needs"
"""Under this name a field's metadata holds what it needs."""

Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Needs:
    """What a field needs of its viewer; or_own: or else that the viewer itself has just recorded the object."""

    permission: Permission
    or_own: bool = False


def query(*, needs: Permission, description: str) -> Callable[[Method], Method]:
    """A field of the root of queries."""
    return _method(description, Needs(needs))


def mutation(*, needs: Permission, description: str) -> Callable[[Method], Method]:
    """A field of the root of mutations. What it refuses becomes the errors of its payload."""
    decorator: Callable[[Method], Method] = strawberry.mutation(
        description=description, metadata={NEEDS: Needs(needs)}, extensions=[RefusalsAsErrors()]
    )
    return decorator


def subscription(*, needs: Permission, description: str) -> Callable[[Method], Method]:
    """A field of the root of subscriptions."""
    decorator: Callable[[Method], Method] = strawberry.subscription(
        description=description, metadata={NEEDS: Needs(needs)}
    )
    return decorator


def field(
    *, description: str, needs: Permission | None = None, or_own: bool = False, name: str | None = None
) -> Callable[[Method], Method]:
    """A field of a type that is worked out by a method."""
    return _method(description, Needs(needs, or_own) if needs else None, name)


def an_amount(*, description: str, name: str | None = None) -> Any:
    """An attribute that shows an amount: for those who read the books, and for who has just recorded it."""
    return strawberry.field(
        name=name, description=description, metadata={NEEDS: Needs(Permission.READ_BOOKS, or_own=True)}
    )


def amount_field(*, description: str, name: str | None = None) -> Callable[[Method], Method]:
    """The same, worked out by a method."""
    return field(description=description, needs=Permission.READ_BOOKS, or_own=True, name=name)


def guarded(resolve: Callable[..., Any], needs: Needs) -> Callable[..., Any]:
    """A resolver that first makes sure of what its field needs."""
    permission, or_own = needs.permission, needs.or_own

    def guard(source: Any, info: Any, **given: Any) -> Any:
        if permission in info.context.permissions or (or_own and getattr(source, "own", False)):
            return resolve(source, info, **given)
        role = info.context.viewer.role
        raise Forbidden(f"This key's role, {role}, may not use {info.parent_type.name}.{info.field_name}.")

    return guard


def _method(description: str, needs: Needs | None, name: str | None = None) -> Callable[[Method], Method]:
    decorator: Callable[[Method], Method] = strawberry.field(
        name=name, description=description, metadata={NEEDS: needs} if needs else {}
    )
    return decorator
