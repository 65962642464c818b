"""Every route, fuzzed from its own description: whatever the description allows is answered as it says."""

import json
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from requests import PreparedRequest
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from starter.directory import Directory
from starter.webhook import router
from tests.end_to_end.served import served
from tests.starter.fakes import FakeConversation, signature
from tests.starter.platforms import TOOL_SECRET, VAPI_SECRET, app_for_all, elevenlabs_signature

pytestmark = pytest.mark.timeout(180)

OpenApiCase: TypeAlias = Case[Any]

CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]


class Proof(requests.auth.AuthBase):
    """Signs what goes out, byte for byte, for every platform."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        given = request.body or b""
        body = given.encode() if isinstance(given, str) else given
        assert isinstance(body, bytes)
        request.headers["X-Retell-Signature"] = signature(body)
        request.headers["ElevenLabs-Signature"] = elevenlabs_signature(body)
        request.headers["X-Vapi-Secret"] = VAPI_SECRET
        request.headers["Authorization"] = f"Bearer {TOOL_SECRET}"
        return request


@pytest.fixture(scope="module")
async def address(directory: Directory) -> AsyncIterator[str]:
    async with served(app_for_all(FakeConversation(), directory)) as url:
        yield url


def openapi() -> dict[str, Any]:
    app = FastAPI()
    app.include_router(router)
    return app.openapi()


described = schemathesis.openapi.from_dict(openapi()).include(method="POST")
few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@described.parametrize()
@few
def test_whatever_a_route_allows_is_answered_as_it_says(case: OpenApiCase, address: str) -> None:
    case.call_and_validate(base_url=address, auth=Proof(), checks=CHECKS)


@described.parametrize()
@few
def test_whatever_a_route_allows_is_refused_without_a_proof(case: OpenApiCase, address: str) -> None:
    assert case.call(base_url=address).status_code in (401, 404, 405)


def test_no_route_is_left_out_of_it() -> None:
    posts = [name for name, operations in openapi()["paths"].items() if "post" in operations]
    assert len(posts) == 7
    for name in posts:
        operation = openapi()["paths"][name]["post"]
        assert operation["requestBody"]["content"]["application/json"]["schema"]["type"] == "object"
        assert "$ref" not in json.dumps(operation["requestBody"])
        assert operation["responses"]["200"]["content"]["application/json"]["schema"]
