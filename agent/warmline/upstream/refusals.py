"""Which voices sockets refuse. Pure.

Sarvam refuses what it does not like of a voice in the middle of an utterance, and a socket on which that has happened
cannot be used again: who speaks with such a voice would throw away a warm socket each time, and others would miss it.
"""

from collections import OrderedDict

from warmline.upstream.ports import Voice


class Refusals:
    """Voices that were refused `limit` times in a row; what was refused longest ago is forgotten beyond `most`.

    A voice that speaks again, over whichever transport, is as good as new: it was a text that was refused.
    """

    def __init__(self, *, limit: int = 2, most: int = 1000) -> None:
        self._limit = limit
        self._most = most
        self._times: OrderedDict[Voice, int] = OrderedDict()

    def known(self, voice: Voice) -> bool:
        """Whether a socket would be lost on this voice."""
        return self._times.get(voice, 0) >= self._limit

    def refused(self, voice: Voice) -> None:
        """It was refused once more."""
        self._times[voice] = self._times.pop(voice, 0) + 1
        if len(self._times) > self._most:
            self._times.popitem(last=False)

    def spoken(self, voice: Voice) -> None:
        """It has spoken."""
        self._times.pop(voice, None)
