"""The interactive documentation. A package brings Swagger UI's files, so no CDN is needed."""

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

PATH = "/docs"
_FILES = "/swagger"
_HEADERS = {
    # In a frame of another page a click could delete a video: the session is sent there, too, if
    # that page is of the same site, for example of another port.
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def install(app: FastAPI) -> None:
    """Serve the page at /docs.

    Its addresses are paths without a host, because a client chooses the Host header.
    """
    app.mount(_FILES, StaticFiles(packages=[("fastapi_swagger", "resources")]))

    @app.get(PATH, include_in_schema=False)
    def get_docs(request: Request) -> HTMLResponse:
        base_path = request.scope.get("root_path", "")
        files = f"{base_path}{_FILES}"
        page = get_swagger_ui_html(
            title=app.title,
            openapi_url=f"{base_path}{app.openapi_url}",
            swagger_js_url=f"{files}/swagger-ui-bundle.js",
            swagger_css_url=f"{files}/swagger-ui.css",
            swagger_favicon_url=f"{files}/favicon-32x32.png",
            swagger_ui_parameters={"tryItOutEnabled": True, "displayRequestDuration": True},
        )
        page.headers.update(_HEADERS)
        return page


def is_file(path: str) -> bool:
    """Tell whether a path is a file of Swagger UI."""
    return path.startswith(f"{_FILES}/")
