"""What people type: a name of a company, a branch or a service, and the keys it stands for."""

from collections.abc import Iterable, Iterator

from store.call_list import Named
from store.catalog import CatalogCompany


def named(text: str, companies: Iterable[CatalogCompany]) -> frozenset[Named]:
    """Return whatever has ``text``, in upper or lower case, in one of its names: its key, its name, a synonym.

    What belongs to something that is found is not listed as well. Empty for a ``text`` of nothing.
    """
    words = _plain(text)
    return frozenset(_found(words, companies)) if words else frozenset()


def _found(words: str, companies: Iterable[CatalogCompany]) -> Iterator[Named]:
    for company in companies:
        if _is_in(words, company.key, company.name):
            yield Named(company.key)
            continue
        for branch in company.branches:
            whole = f"{company.key}/{branch.key}", f"{company.name} · {branch.name}"
            if _is_in(words, branch.key, branch.name, *whole):
                yield Named(company.key, branch.key)
                continue
            for service in branch.services:
                if _is_in(words, service.key, service.name, *service.synonyms):
                    yield Named(company.key, branch.key, service.key)


def _is_in(words: str, *names: str) -> bool:
    return any(words in _plain(name) for name in names)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
