import json
import secrets
import time
from functools import cache
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone

from bridges.models import RequestNonce
from kasilabs.accounts.models import Organization
from kasilabs.lib.db import connection
from kasilabs.lib.http import client
from kasilabs.lib.states import Mode
from kasilabs.logs.gate_trace import gate_trace
from kasilabs.logs.gates import BEFORE_SENDING, CALL_GATES
from kasilabs.logs.models import Call, CallState
from tests.benchmarks.servers import PLUGIN_URL

SENT = {"Content-Type": "application/json"}


def call(request: HttpRequest) -> JsonResponse:
    """Write the row, post to the plugin, complete the row."""
    asked = json.loads(request.body)
    row = Call.objects.create(
        organization_id=_organization(),
        instance_id=_organization(),
        instance_name="Legal Consultations",
        plugin="SUPPORT_DESK",
        plugin_name="Support Desk",
        version="1.0.0",
        mode=Mode.LIVE,
        tool=asked["tool"],
        state=CallState.OPEN,
        gate_trace=gate_trace(BEFORE_SENDING),
        request=asked,
        created=timezone.now(),
    )
    connection.release()
    deadline = time.monotonic() + 10
    answer = client.shared_client().post(PLUGIN_URL, body=request.body, headers=SENT, deadline=deadline)
    output = json.loads(answer.body)
    Call.objects.filter(pk=row.pk, state=CallState.OPEN).update(
        state=CallState.SUCCEEDED,
        status=200,
        gate_trace=gate_trace(CALL_GATES),
        finished=timezone.now(),
        duration_ms=1,
        plugin_status=answer.status,
        response=output,
        response_bytes=len(answer.body),
    )
    return JsonResponse({"id": row.public_id, "output": output})


def insert(request: HttpRequest) -> JsonResponse:
    """Write one row."""
    asked = json.loads(request.body)
    nonce = RequestNonce.objects.create(kid="bare", jti=secrets.token_hex(16), expires=timezone.now())
    return JsonResponse({"id": str(nonce.id), "reference": asked["reference"]})


@cache
def _organization() -> UUID:
    return Organization.objects.get().id


def row(request: HttpRequest) -> JsonResponse:
    """Read one row."""
    organization = Organization.objects.get(id=_organization())
    return JsonResponse({"slug": organization.slug, "name": organization.name})


def readyz(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [path("calls", call), path("insert", insert), path("row", row), path("readyz", readyz)]
