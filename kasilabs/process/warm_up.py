"""What the first request would otherwise wait for: the modules behind every address, and the templates."""

from django.conf import settings
from django.template import engines
from django.urls import reverse


def load() -> None:
    """Imports the URL map with its views and compiles the project's own templates."""
    reverse("home")
    folder = settings.BASE_DIR / "templates"
    for path in sorted(folder.rglob("*.html")):
        engines["django"].get_template(path.relative_to(folder).as_posix())
