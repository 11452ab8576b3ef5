"""The domains that the cast has, by name."""

from __future__ import annotations

from previz.cast._body import BODY
from previz.cast._character import MIRA_DOMAIN
from previz.cast._domain import Domain
from previz.cast._head import HEAD
from previz.errors import CastError

__all__ = ["DOMAINS", "find_domain"]

DOMAINS: dict[str, Domain] = {domain.name: domain for domain in (MIRA_DOMAIN, HEAD, BODY)}


def find_domain(name: str) -> Domain:
    """The domain of a name; CastError, with the names that exist, where there is none."""
    if name not in DOMAINS:
        raise CastError(f"no domain {name!r}; there are {', '.join(DOMAINS)}")
    return DOMAINS[name]
