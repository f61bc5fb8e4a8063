"""What requests may hold, read strictly: every refusal names the field."""

from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect, Request

from warmline.api import lines
from warmline.errors import InvalidInput, NotAcceptable, TooLarge, UnsupportedMedia

T = TypeVar("T")

LONGEST_BODY = 16 * 1024
LONGEST_QUESTION = 500


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(description="what to say or to answer")]


_decoder = msgspec.json.Decoder(_Body)


async def text_of(request: Request) -> str:
    """The `text` of a GET's query or of a POST's JSON body, not empty. Raises CallerError."""
    return check_text(_from_query(request) if request.method in {"GET", "HEAD"} else await _from_body(request))


def check_text(text: str) -> str:
    """The text, if there is one and all of it can be said."""
    if not text.strip():
        raise InvalidInput("must not be empty", field="text")
    if any(ord(character) < 32 and character not in "\t\n\r" for character in text):
        raise InvalidInput("must not hold control characters", field="text")
    return text


def question_of(text: str, longest: int = LONGEST_QUESTION) -> str:
    """The text, if it is short enough to be a question."""
    if len(text) > longest:
        raise TooLarge(f"{len(text)} characters; a question has at most {longest}", field="text")
    return text


def audio_type_of(accept: str | None) -> str:
    """`audio/wav` or `audio/pcm`, whichever the Accept header ranks higher; WAVE if it does not say."""
    ranked = sorted(_ranges(accept or "*/*"), key=lambda one: -one[1])
    for media_range, quality in ranked:
        if quality > 0 and media_range in _AUDIO:
            return _AUDIO[media_range]
    raise NotAcceptable("this resource is audio/wav or audio/pcm", field="accept")


_AUDIO = {
    "audio/wav": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/pcm": "audio/pcm",
    "audio/*": "audio/wav",
    "*/*": "audio/wav",
}


def _ranges(accept: str) -> list[tuple[str, float]]:
    found = []
    for part in accept.split(","):
        media_range, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            found.append((media_range.lower(), float(quality)))
        except ValueError:
            raise InvalidInput("holds a quality that is not a number", field="accept") from None
    return found


def _from_query(request: Request) -> str:
    raw: bytes = request.scope["query_string"]
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=8)
    except UnicodeDecodeError:
        raise InvalidInput("must be UTF-8", field="text") from None
    except ValueError:
        raise InvalidInput("has too many parameters", field="query") from None
    values = [value for name, value in pairs if name == "text"]
    if len(values) != 1:
        raise InvalidInput("must be given exactly once", field="text")
    return values[0]


async def _from_body(request: Request) -> str:
    return decode(_decoder, await read_json(request)).text


async def read_json(request: Request) -> bytes:
    """The body, if it says that it is JSON. Raises UnsupportedMedia, and see `read`."""
    media_type = (lines.join(request.headers, "content-type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMedia("send application/json", field="content-type")
    return await read(request)


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """What the body says. Raises InvalidInput, with the field."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise InvalidInput(str(error), field=field_of(error)) from error
    except msgspec.DecodeError as error:
        raise InvalidInput(f"is not JSON: {error}", field="body") from error
    except UnicodeDecodeError as error:
        raise InvalidInput("must be UTF-8", field="body") from error


async def read(request: Request) -> bytes:
    """The body. Raises TooLarge, or InvalidInput if the caller left in the middle of it."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LONGEST_BODY:
                raise TooLarge(f"more than {LONGEST_BODY} bytes", field="body")
    except ClientDisconnect:
        raise InvalidInput("was not sent completely", field="body") from None
    return bytes(body)


def field_of(error: msgspec.ValidationError) -> str:
    """msgspec ends its message with `- at `$.field``, and names a missing or unknown field in quotes."""
    message = str(error)
    if "$." in message:
        return message.rpartition("$.")[2].strip("`")
    if "field `" in message:
        return message.partition("field `")[2].partition("`")[0]
    return "body"
