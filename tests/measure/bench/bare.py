"""The least that could answer: one Starlette endpoint on uvicorn, with the worker's own server settings."""

import argparse
import asyncio

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from warmline.api.serve import _config


async def answer(request: Request) -> JSONResponse:
    """As many bytes as the worker's answer has, from nothing."""
    length = int(request.query_params["length"])
    return JSONResponse({"answer": "x" * max(0, length - len('{"answer":""}'))})


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    config = _config(Starlette(routes=[Route("/v1/agents/{agent}/answer", answer)]), (), 64 * 1024)
    config.port = parser.parse_args().port
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
