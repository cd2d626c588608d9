from bridges.api import api
from kasilabs.accounts.access import machine_patterns

app_name = "bridges"
urlpatterns = machine_patterns(api, prefix="/bridges/v1/", reason="Plugins sign each request.")
