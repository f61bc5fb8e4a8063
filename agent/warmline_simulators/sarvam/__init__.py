"""Sarvam's text to speech over all three of its transports, one account.

| path | file |
|---|---|
| `POST /text-to-speech`, `POST /text-to-speech/stream` | `rest.py` |
| `/text-to-speech/ws`, `/text-to-speech/ws/v2` (WebSocket) | `socket.py`, which does what `conversation.py` decides |
| `/_calls`, `/_faults`, `/_hang_up` | `app.py`, `faults.py`: for tests; the provider has none of them |

What every transport takes is checked in `voice.py`, what the provider refuses beyond that in `rules.py`; `audio.py`
makes the audio, `account.py` holds the account's limits, `faults.py` what a test wants to go wrong.
"""

from warmline_simulators.sarvam.app import SarvamSimulator
from warmline_simulators.sarvam.audio import SECONDS_PER_CHARACTER, tone
from warmline_simulators.sarvam.options import SarvamOptions

__all__ = ["SECONDS_PER_CHARACTER", "SarvamOptions", "SarvamSimulator", "tone"]
