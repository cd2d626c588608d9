"""What is measured. These modules know the models, so Django is set up before any of them is read."""

import django

django.setup()
