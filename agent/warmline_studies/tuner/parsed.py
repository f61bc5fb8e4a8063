"""The proof by a parser: a changed file says what it said, and the new settings. Pure.

PyYAML is the control machine's, where inventories are. The worker's image has none: there the line editor's own rules
must do.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

yaml: ModuleType | None
try:
    import yaml
except ImportError:  # the worker's image
    yaml = None


def proved(before: str, after: str, name: str, numbers: Mapping[str, int]) -> bool:
    """Whether `after` is `before` with these numbers in its dictionary `name`, and nothing else; True if nobody can
    tell. Values are compared as they are written, for `!vault` and templates mean something to Ansible alone."""
    if yaml is None:
        return True
    try:
        was, now = _pairs(yaml, _node(yaml, before)), _pairs(yaml, _node(yaml, after))
        settings = _pairs(yaml, was.pop(name, None))
        settings |= {key: _node(yaml, str(number)) for key, number in numbers.items()}
        found = _pairs(yaml, now.pop(name, None))
        return _written(yaml, found) == _written(yaml, settings) and _written(yaml, now) == _written(yaml, was)
    except (yaml.YAMLError, ValueError):
        return False


def _node(parser: Any, text: str) -> Any:
    return parser.compose(text, Loader=parser.SafeLoader)


def _pairs(parser: Any, node: Any) -> dict[str, Any]:
    """A dictionary's values by their keys; nothing is an empty one. ValueError for anything else."""
    if node is None or (isinstance(node, parser.ScalarNode) and not node.value):
        return {}
    if not isinstance(node, parser.MappingNode):
        raise ValueError("not a dictionary")
    pairs = {key.value: value for key, value in node.value}
    if len(pairs) < len(node.value):
        raise ValueError("a key stands twice")
    return pairs


def _written(parser: Any, pairs: Mapping[str, Any]) -> dict[str, str]:
    return {key: parser.serialize(value) for key, value in pairs.items()}
