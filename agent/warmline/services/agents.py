"""An agent's configuration and prompt."""

import time
from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec
from msgspec.structs import replace

from warmline.accounts.accounts import Accounts
from warmline.caches import CACHES
from warmline.errors import AgentNotFound, UpstreamRejected
from warmline.services import groups
from warmline.upstream.ports import Functions, Voice
from warmline_cache import Cache, Found, Group, Key

T = TypeVar("T")


class AgentConfig(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """How one agent of one organisation behaves. `prompt_updated_at` (milliseconds) says which prompt belongs to it;
    `phrases` are what it says in fixed words, beside its greeting. What is optional:
    docs/integrate/data-provider.md."""

    name: str = ""
    voice: Voice
    greeting: str = ""
    prompt_updated_at: int | float = 0
    top_k: Annotated[int, msgspec.Meta(ge=1)] = 3
    minimum_score: float = 0.3
    phrases: tuple[str, ...] = ()


class Prompt(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What an agent says around an answer. `answer` holds the place `{answer}`; `unknown` is said without one."""

    instructions: str = ""
    answer: str = "{answer}"
    unknown: str


class Agents:
    """Looks agents up for a caller's organisation; another organisation's agents do not exist here.

    `wall` is the time of day in seconds.
    """

    def __init__(
        self,
        functions: Functions,
        *,
        configs: Cache[AgentConfig],
        prompts: Cache[Prompt],
        accounts: Accounts,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._functions = functions
        self._configs = configs
        self._prompts = prompts
        self._accounts = accounts
        self._wall = wall
        self._price = accounts.prices.call("query")

    async def config(self, organisation: str, agent: str) -> Found[AgentConfig]:
        """The agent's configuration. Raises AgentNotFound, or UpstreamError or SpendLimitReached when
        it had to be loaded and could not."""
        found = await self._configs.get_or_load(
            config_key(organisation, agent),
            lambda: self._load_config(organisation, agent),
        )
        self._accounts.record_lookup(organisation, "config", found.source, self._price)
        if found.value is None:
            raise AgentNotFound("there is no such agent in your organisation", field="agent")
        return Found(found.value, found.source)

    async def prompt(self, organisation: str, agent: str, updated_at: float) -> Found[Prompt]:
        """The prompt that the configuration names by its timestamp. Raises UpstreamError, SpendLimitReached."""
        found = await self._prompts.get_or_load(
            _prompt_key(organisation, agent, updated_at),
            lambda: self._load("prompt", organisation, agent, Prompt),
        )
        self._accounts.record_lookup(organisation, "prompt", found.source, self._price)
        if found.value is None:
            raise UpstreamRejected(self._functions.name, "agents:prompt: a configured agent has no prompt")
        return Found(found.value, found.source)

    async def peek_config(self, organisation: str, agent: str) -> Found[AgentConfig | None] | None:
        """What the caches alone know of the agent; None if only the origin could tell."""
        return await self._configs.peek(config_key(organisation, agent))

    async def peek_prompt(self, organisation: str, agent: str, updated_at: float) -> Found[Prompt | None] | None:
        """The same of a prompt."""
        return await self._prompts.peek(_prompt_key(organisation, agent, updated_at))

    async def _load_config(self, organisation: str, agent: str) -> AgentConfig | None:
        found = await self._load("config", organisation, agent, AgentConfig)
        return None if found is None else complete(found, agent, now=self._wall())

    async def _load(self, what: str, organisation: str, agent: str, returns: type[T]) -> T | None:
        with self._accounts.pay(organisation, what, self._price):
            return await self._functions.query(
                CACHES[what].function, {"organisation": organisation, "agent": agent}, returns
            )


def complete(config: AgentConfig, agent: str, *, now: float) -> AgentConfig:
    """The configuration with what the provider left out.

    Without a time of its own the prompt is as old as the configuration that names it, and looked up anew with it.
    """
    updated_at = config.prompt_updated_at or round(now * 1000)
    return replace(config, name=config.name or agent, prompt_updated_at=updated_at)


def _prompt_key(organisation: str, agent: str, updated_at: float) -> Key:
    return Key("prompt", organisation, (agent, str(updated_at)), _groups(organisation, agent))


def config_key(organisation: str, agent: str) -> Key:
    """An agent's configuration alone, through which its prompt is found."""
    return Key("config", organisation, (agent,), _groups(organisation, agent))


def _groups(organisation: str, agent: str) -> tuple[Group, ...]:
    return groups.organisation(organisation), groups.agent(organisation, agent)
