"""The documents name every endpoint, and no other."""

from typing import Any

from starlette.routing import Route

from warmline.api import openapi
from warmline.api.fleet import FleetApi
from warmline.api.http import CallerApi
from warmline.api.webhooks import Webhooks


def served(*apis: type[Any]) -> set[tuple[str, str]]:
    """Method and path of every route; an API says them without being given what it serves."""
    routes: list[Route] = [route for api in apis for route in api.routes(object.__new__(api))]
    return {(method, route.path) for route in routes for method in (route.methods or set()) - {"HEAD"}}


def documented(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
        if method != "parameters"
    }


def test_what_callers_may_ask_is_documented() -> None:
    assert documented(openapi.callers()) == served(CallerApi, Webhooks)


def test_what_the_fleet_may_ask_is_documented() -> None:
    assert documented(openapi.fleet()) == served(FleetApi)
