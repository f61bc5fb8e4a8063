"""One colour for each layer that may answer a lookup: the demo page's in daylight (`style.css` there).

Each can be read on white, as text, and be told apart on Grafana's dark ground.
"""

LAYERS = {
    "l1": "#23834f",
    "l2": "#1f77b4",
    "joined": "#8560bd",
    "stale": "#96700a",
    "origin": "#c63b3b",
}


def pattern(word: str) -> str:
    """Which series have this word in their names, as Grafana matches them."""
    return rf"/(^|\s){word}(\s|$)/"
