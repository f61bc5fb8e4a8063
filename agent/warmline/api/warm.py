"""`POST /v1/admin/warm`: warm this worker now, on the fleet's port. Answers when it is done, with what was done."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from warmline.warming.warming import Warming


class WarmApi:
    """Warming on demand, after whatever made this worker cold."""

    def __init__(self, warming: Warming) -> None:
        self._warming = warming

    def routes(self) -> list[Route]:
        """The endpoint, for the application to mount."""
        return [Route("/v1/admin/warm", self.warm, methods=["POST"], name="warm")]

    async def warm(self, request: Request) -> JSONResponse:
        """200 with the entries by cache and by what became of them. Joins a warming that is under way."""
        report = await self._warming.again()
        return JSONResponse({"entries": report.by_cache()})
