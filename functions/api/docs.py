"""The interactive documentation, without a CDN: Swagger UI's files come with a package."""

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

_FILES = "/swagger"


def install(app: FastAPI) -> None:
    """Serve the page at /docs.

    Its addresses are paths only: a host in them would be whatever the Host header says.
    """
    app.mount(_FILES, StaticFiles(packages=[("fastapi_swagger", "resources")]))

    @app.get("/docs", include_in_schema=False)
    def get_docs() -> HTMLResponse:
        return get_swagger_ui_html(
            title=app.title,
            openapi_url=app.openapi_url or "",
            swagger_js_url=f"{_FILES}/swagger-ui-bundle.js",
            swagger_css_url=f"{_FILES}/swagger-ui.css",
            swagger_favicon_url=f"{_FILES}/favicon-32x32.png",
            swagger_ui_parameters={"tryItOutEnabled": True, "displayRequestDuration": True},
        )
