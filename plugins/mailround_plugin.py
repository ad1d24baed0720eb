"""The console inside the Airflow UI: wiring only. Airflow executes this file in every one of its components."""

from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from mailround.console.lazily import built_on_first_use
from mailround.console.pages import PREFIX, external_views


class MailroundPlugin(AirflowPlugin):
    """What Airflow finds here."""

    name = "mailround"
    fastapi_apps = [{"app": built_on_first_use, "url_prefix": PREFIX, "name": "mailround"}]  # noqa: RUF012 - Airflow's
    external_views = external_views(urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/"))
