"""A backend for nginx's tests that says who it is, what it was told, and speaks WebSocket; one process each."""

import argparse

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket


def app(name: str) -> Starlette:
    """Answers every path below /v1/."""

    async def tell(request: Request) -> JSONResponse:
        told = ("x-real-ip", "x-forwarded-for", "x-forwarded-proto", "x-request-id", "connection")
        headers = {**dict.fromkeys(told), **request.headers}
        return JSONResponse({"backend": name, "headers": headers, "bytes": len(await request.body())})

    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(f"{name}: {text}")

    return Starlette(
        routes=[WebSocketRoute("/v1/sessions", echo), Route("/v1/{rest:path}", tell, methods=["GET", "POST"])]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    uvicorn.run(app(options.name), port=options.port, log_level="warning", ws="websockets-sansio")
