#!/usr/bin/env python
"""Django's command line for the project."""

import json
import os
import sys

from django.core.management import execute_from_command_line

from kasilabs import environment

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kasilabs.settings")
    try:
        environment.read()
    except environment.BadSettings as error:
        # Every command but these answers with one JSON object, also where it cannot begin.
        if sys.argv[1:2] not in (["run"], ["sample_plugin"], ["worker"]):
            sys.stdout.write(json.dumps({"code": "bad_settings", "detail": str(error)}) + "\n")
        sys.exit("\n".join(error.faults))
    execute_from_command_line(sys.argv)
