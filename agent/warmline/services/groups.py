"""What is invalidated together, in the words of the domain."""

from collections.abc import Sequence

from warmline_cache import Group


def organisation(name: str) -> Group:
    """Everything cached for an organisation."""
    return Group(name, "organisation")


def knowledge(organisation: str) -> Group:
    """Every answer that rests on an organisation's knowledge."""
    return Group(organisation, "knowledge")


def agent(organisation: str, name: str) -> Group:
    """An agent's configuration, prompts and spoken phrases."""
    return Group(organisation, "agent", name)


def targets(name: str, *, with_knowledge: bool, agents: Sequence[str]) -> list[Group]:
    """What is to be invalidated: what is named, or all that is the organisation's if nothing is."""
    named = [agent(name, one) for one in agents]
    if with_knowledge:
        named.append(knowledge(name))
    return named or [organisation(name)]
