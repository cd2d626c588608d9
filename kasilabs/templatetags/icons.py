"""The icons of the sprite."""

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str, size: int = 0) -> SafeString:
    """Draws one icon of the sprite, 16 pixels wide unless told; it is never read aloud, the word beside it is."""
    measure = format_html(' width="{0}" height="{0}"', size) if size else ""
    drawing = '<svg class="k-i"{} aria-hidden="true"><use href="{}#{}"/></svg>'
    return format_html(drawing, measure, static("img/icons.svg"), name)
