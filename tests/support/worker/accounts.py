"""Accounts without limits, for tests that are about something else."""

from warmline.accounts.accounts import Accounts
from warmline.accounts.limits import OrganisationLimit, OrganisationLimits
from warmline.accounts.prices import PRICES


def unlimited() -> Accounts:
    """Counts, and refuses nothing."""
    return Accounts(OrganisationLimits(OrganisationLimit(1e9, 1e9)), PRICES, (), clock=lambda: 0.0, wall=lambda: 0.0)
