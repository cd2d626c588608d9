from kasilabs.accounts.access import machine_patterns
from kasilabs.agent.api import api

app_name = "agent"
urlpatterns = machine_patterns(api, prefix="/agent/v1/", reason="Agents bring the key of their number.")
