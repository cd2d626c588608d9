"""The document of the agent API: what it takes, and every status it answers."""

import json
from typing import Any

from django.test import Client

from tests.support.platform import Platform


def document() -> Any:
    return json.loads(Client().get("/agent/v1/openapi.json").content)


def test_the_body_of_a_call_is_described_as_it_is_read(db: None) -> None:
    call = document()["paths"]["/agent/v1/calls"]["post"]
    schema = call["requestBody"]["content"]["application/json"]["schema"]
    assert (schema["required"], schema["additionalProperties"]) == (["tool", "input"], False)
    assert set(schema["properties"]) == {"tool", "input", "conversation"}
    assert "$ref" not in json.dumps(schema)


def test_what_is_answered_is_in_the_document(platform: Platform) -> None:
    paths = document()["paths"]
    answers = {
        "calls": [platform.agent.call(), platform.agent.call("nothing__here"), platform.agent.post(b"{")],
        "tools": [
            platform.agent.get(),
            platform.agent.get("/agent/v1/tools?format=x"),
            Client().get("/agent/v1/tools"),
        ],
        "instance": [platform.agent.get("/agent/v1/instance")],
    }
    for name, given in answers.items():
        (operation,) = {json.dumps(each["responses"]) for each in paths[f"/agent/v1/{name}"].values()}
        assert {str(answer.status_code) for answer in given} <= set(json.loads(operation))


def test_no_two_operations_have_one_id(db: None) -> None:
    ids = [each["operationId"] for operations in document()["paths"].values() for each in operations.values()]
    assert len(set(ids)) == len(ids)
