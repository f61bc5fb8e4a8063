"""A file of variables as YAML's own parser reads it: which variables there are, and where they stand. Pure.

Values are compared as they are written, for `!vault` and templates mean something to Ansible alone.
"""

from collections.abc import Mapping
from typing import NamedTuple

import yaml
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode


class Pair(NamedTuple):
    """A key with its value."""

    key: Node
    value: Node


def read_variables(text: str) -> dict[str, Pair]:
    """Read the pairs of a document by their keys. Raises ValueError if it is not one document of variables."""
    try:
        return read_pairs(_compose(text))
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(line + ", ".join(filter(None, (error.context, error.problem)))) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error)) from None


def read_pairs(node: Node | None) -> dict[str, Pair]:
    """Read a dictionary's pairs by their keys; nothing is an empty one. Raises ValueError for anything else."""
    if node is None or (isinstance(node, ScalarNode) and not node.value):
        return {}
    if not isinstance(node, MappingNode):
        raise ValueError(f"line {node.start_mark.line + 1}: this is no dictionary")
    pairs = {str(key.value): Pair(key, value) for key, value in node.value}
    if len(pairs) < len(node.value):
        raise ValueError(f"a key stands twice below line {node.start_mark.line + 1}")
    return pairs


def end_of(node: Node) -> int:
    """Find the place behind the last thing that is written of a value."""
    if not isinstance(node, CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return max(map(end_of, last)) if isinstance(last, tuple) else end_of(last)


def differ_only_in(before: str, after: str, name: str, numbers: Mapping[str, int]) -> bool:
    """Tell whether `after` is `before` with these numbers in its dictionary `name`, and nothing else."""
    try:
        was, now = read_variables(before), read_variables(after)
        settings, found = (read_pairs(one.pop(name).value if name in one else None) for one in (was, now))
    except ValueError:
        return False
    wanted = _write(settings) | {key: yaml.serialize(_compose(str(number))) for key, number in numbers.items()}
    return _write(found) == wanted and _write(now) == _write(was)


def _compose(text: str) -> Node | None:
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _write(pairs: Mapping[str, Pair]) -> dict[str, str]:
    return {key: yaml.serialize(pair.value) for key, pair in pairs.items()}
