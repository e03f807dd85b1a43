"""The floor: routes that do nothing, of FastAPI as it comes, under the server of the API."""

import os
from http import HTTPStatus

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Text(BaseModel):
    """Both what is asked and what is answered: of any size."""

    text: str


def text_of(json_bytes: int) -> Text:
    """Return a text whose JSON has that size."""
    return Text(text="x" * (json_bytes - len(Text(text="").model_dump_json())))


def app(*, created_bytes: int, found_bytes: int) -> FastAPI:
    """Return routes with the methods, paths and sizes of two of ours."""
    bare = FastAPI()
    created, found = text_of(created_bytes), text_of(found_bytes)

    @bare.post("/videos", status_code=HTTPStatus.CREATED)
    def post_text(body: Text) -> Text:  # noqa: ARG001 (it is to be read and validated)
        return created

    @bare.get("/videos/{name}")
    def get_text(name: str) -> Text:  # noqa: ARG001 (as above)
        return found

    return bare


def main() -> None:
    """Serve until SIGTERM."""
    sizes = {name: int(os.environ[name.upper()]) for name in ("created_bytes", "found_bytes")}
    uvicorn.run(app(**sizes), host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False)


if __name__ == "__main__":
    main()
