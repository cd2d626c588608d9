"""Forms and buttons in the classes of the style sheet."""

from collections.abc import Collection

from django import template
from django.forms import BaseForm, BoundField
from django.forms.renderers import TemplatesSetting
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()

CONTROL_CLASSES = {
    "select": "form-select",
    "selectmultiple": "form-select",
    "nullbooleanselect": "form-select",
    "checkbox": "form-check-input",
    "radioselect": "form-check-input",
    "checkboxselectmultiple": "form-check-input",
}


class FormRenderer(TemplatesSetting):
    """Renders every Django form with the label above each field, the hint below, and the error under the field."""

    form_template_name = "includes/form.html"
    field_template_name = "includes/field.html"


@register.filter
def control(field: BoundField) -> SafeString:
    """Draws the input of a form field with the classes of the style sheet.

    A placeholder never stands in for a label, so the one a library may have set is left out.
    """
    own = CONTROL_CLASSES.get(field.widget_type, "form-control")
    names = [field.field.widget.attrs.get("class", ""), own, "is-invalid" if field.errors else ""]
    return field.as_widget(attrs={"placeholder": False, "class": " ".join(filter(None, names))})


@register.filter
def error_links(form: BaseForm) -> SafeString:
    """Names the visible fields of a form that have errors, each as a link to the field."""
    fields = [field for field in form.visible_fields() if field.errors]
    links = [(field.id_for_label or field.auto_id, field.label) for field in fields]
    return format_html_join(", ", '<a href="#{}">{}</a>', links)


@register.filter
def button_class(tags: Collection[str], kind: str = "button") -> str:
    """Returns the class of a button that allauth describes by tags: quiet cancel and links, red for what deletes."""
    size = " btn-sm" if {"minor", "tool"} & {*tags} else ""
    if "danger" in tags:
        return f"btn-outline-danger{size}"
    if "link" in tags:
        return f"btn-ghost{size}"
    is_quiet = kind == "link" or {"outline", "secondary", "cancel"} & {*tags}
    return size.strip() if is_quiet else f"btn-primary{size}"
