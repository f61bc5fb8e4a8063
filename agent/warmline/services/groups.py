"""What is invalidated together, in the words of the domain."""

from warmline.cache import Group


def organisation(name: str) -> Group:
    """Everything cached for an organisation."""
    return Group(name, "organisation")


def knowledge(organisation: str) -> Group:
    """Every answer that rests on an organisation's knowledge."""
    return Group(organisation, "knowledge")


def agent(organisation: str, name: str) -> Group:
    """An agent's configuration, prompts and spoken phrases."""
    return Group(organisation, "agent", name)
