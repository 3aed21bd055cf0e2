"""Calls the API as somebody, with a token of theirs."""

from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from handoff.people.models import User
from handoff.people.tokens import make_token

API = "/api/v1/"


def caller(user: User, *scopes: str) -> APIClient:
    """Return a client with a token of `user`; a bug is an answer 500, as it would be outside."""
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {make_token(user, at=timezone.now(), scopes=scopes)}")
    return client


def post(client: APIClient, path: str, body: Any = None) -> Any:
    """Post JSON and return the answer."""
    return client.post(f"{API}{path}", {} if body is None else body, format="json")


def get(client: APIClient, path: str) -> Any:
    """Return the answer to a GET."""
    return client.get(f"{API}{path}")


def every_row(client: APIClient, path: str) -> list[Any]:
    """Return the rows of all pages of a list."""
    address, rows = f"{API}{path}", []
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.content
        rows += answer.json()["results"]
        address = answer.json()["next"]
    return rows
