"""What views say about a form they show."""

from http import HTTPStatus

from django.forms import BaseForm


def form_status(form: BaseForm) -> HTTPStatus:
    """Returns the status of a page with this form: 422 where it is shown again because of its errors."""
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
