"""Ansible's `linear`, carried by Mitogen: one Python process stays on each host instead of one a task.

Make takes it for staging (docs/decisions/0029-staging-by-mitogen.md); ANSIBLE_STRATEGY=linear does without.
"""

import ansible_mitogen.loaders
import ansible_mitogen.strategy

_Linear = ansible_mitogen.loaders.strategy_loader.get("linear", class_only=True)


class StrategyModule(ansible_mitogen.strategy.StrategyMixin, _Linear):
    """What Ansible looks for in a file of this folder."""
