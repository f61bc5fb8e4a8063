"""Which voices and texts sockets refuse. Pure.

Sarvam refuses what it does not like of a voice in the middle of an utterance, and a socket on which that has happened
cannot be used again: who speaks with such a voice would throw away a warm socket each time, and others would miss it.
"""

from collections import OrderedDict

from warmline.upstream.ports import Voice


class Refusals:
    """Voices that were refused `limit` times in a row; what was refused longest ago is forgotten beyond `most`.

    A voice that speaks again, over whichever transport, is as good as new: it was a text that was refused. One that a
    socket has spoken with is given up only after `proven_limit` times: organisations share voices, and the texts of one
    must not take the others off their warm sockets. A text that was refused once costs no second socket.
    """

    def __init__(self, *, limit: int = 2, proven_limit: int = 20, most: int = 1000) -> None:
        self._limit = limit
        self._proven_limit = proven_limit
        self._most = most
        self._times: OrderedDict[Voice, int] = OrderedDict()
        self._proven: OrderedDict[Voice, None] = OrderedDict()
        self._texts: OrderedDict[tuple[Voice, str], None] = OrderedDict()

    def known(self, voice: Voice, text: str) -> bool:
        """Whether a socket would be lost on this voice, or on this text."""
        limit = self._proven_limit if voice in self._proven else self._limit
        return self._times.get(voice, 0) >= limit or (voice, text) in self._texts

    def record_refusal(self, voice: Voice, text: str) -> None:
        """Record that the provider refused to speak this text with this voice."""
        self._times[voice] = self._times.pop(voice, 0) + 1
        self._texts[voice, text] = None
        self._bound()

    def record_speech(self, voice: Voice, text: str) -> None:
        """Record that the provider spoke this text with this voice."""
        self._times.pop(voice, None)
        self._texts.pop((voice, text), None)

    def record_proof(self, voice: Voice) -> None:
        """Record that a socket has spoken with this voice."""
        self._proven[voice] = None
        self._proven.move_to_end(voice)
        self._bound()

    def _bound(self) -> None:
        for remembered in (self._times, self._proven, self._texts):
            if len(remembered) > self._most:
                remembered.popitem(last=False)
