"""What a phone needs to know, for its camera (a page) and for an app (JSON).

Nothing of it is a secret: a client id is in every copy of an app. Passwords are never here.
"""

from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from starlette.responses import HTMLResponse, JSONResponse, Response

from local.lan.settings import Settings

PATH = "/connect"
_TEMPLATE = Path(__file__).with_name("page.html")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def facts(settings: Settings) -> dict[str, str]:
    """The JSON document."""
    return {
        "api_url": settings.origin,
        "cognito_url": settings.origin,
        "region": settings.region,
        "user_pool_id": settings.user_pool_id,
        "client_id": settings.client_id,
        "open_until": datetime.fromtimestamp(settings.closes_at, UTC)
        .isoformat(timespec="seconds")
        .replace("+00:00", "Z"),
    }


def show(settings: Settings, accept: str) -> Response:
    """A page for who accepts HTML, as browsers do; JSON for everybody else."""
    if "text/html" not in accept:
        return JSONResponse(facts(settings), headers=_HEADERS | {"Vary": "Accept"})
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(
        _TEMPLATE.read_text("utf-8")
    )
    page = template.render(facts=facts(settings), url=settings.origin + PATH)
    return HTMLResponse(page, headers=_HEADERS | {"Vary": "Accept"})
