"""`/demo`: a page with which a person can hold a session. It asks for a key as every caller must, and stores none."""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from warmline.errors import NotFound

_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class Demo:
    """The page's files, read once."""

    def __init__(self) -> None:
        read = [file for file in files("warmline.api.demo").iterdir() if file.name.endswith(tuple(_TYPES))]
        self._files = {file.name: file.read_bytes() for file in read}

    def routes(self) -> list[Route]:
        """The page and what it is made of, for the application to mount."""
        return [
            Route("/demo", self.page, name="demo"),
            Route("/demo/", self.page),
            Route("/demo/{file}", self.part, name="demo part"),
        ]

    async def page(self, request: Request) -> Response:
        """The page itself."""
        return self._file("index.html")

    async def part(self, request: Request) -> Response:
        """A script or the style sheet."""
        return self._file(str(request.path_params["file"]))

    def _file(self, name: str) -> Response:
        content = self._files.get(name)
        if content is None:
            raise NotFound("there is no such file", field="path")
        return Response(content, media_type=_TYPES[name[name.rindex(".") :]], headers=_HEADERS)
