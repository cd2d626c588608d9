"""Health, as load balancers ask for it."""

from http import HTTPStatus

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from kasilabs.accounts.access import open_to_all
from kasilabs.process import readiness


@require_safe
@open_to_all("Load balancers ask whether the process answers.")
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    return JsonResponse({"status": "ok"})


@require_safe
@open_to_all("Load balancers ask whether the process can work.")
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Answers 200 when database, migrations and keys are as they should be, else 503."""
    checks = readiness.checks()
    is_ready = all(checks.values())
    body = {"status": "ok" if is_ready else "unavailable", "checks": checks}
    return JsonResponse(body, status=HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE)
