"""Attention: two products with a softmax between them."""

from __future__ import annotations

from polymap.frontends.forms.form import Form, Unfit, Value, access, dims
from polymap.frontends.forms.products import batch_names
from polymap.frontends.model import PRODUCT
from polymap.workload.statement import Access

CAUSAL = "{ [i,j] : j <= i }"


def attention(query: Value, key: Value, value: Value, bits: int, is_causal: bool = False) -> tuple[Form, Form]:
    """Scores `S[b,h,i,j] += Q[b,h,i,d] * K[b,h,j,d]` and values `O[b,h,i,e] += S[b,h,i,j] * V[b,h,j,e]`.

    Shapes are `[batch..., heads, positions, width]`. Where there are fewer heads of keys than of queries, each serves a
    group `g` of them. Causal scores are those with `j <= i`: position i looks at itself and what stands before it.
    """
    ahead = len(query.shape) - 2
    if ahead < 1 or len(key.shape) != len(query.shape) or len(value.shape) != len(query.shape):
        raise Unfit("queries, keys and values have no shape [batch, heads, positions, width]")
    names, group = batch_names(ahead), _group(query.shape[ahead - 1], key.shape[ahead - 1])
    sizes = _sizes(names, group, query, key, value)
    rows = (*names, *(("g",) if group > 1 else ()), "i")
    domain = CAUSAL if is_causal else ""
    bits_of = {"Q": query.bits, "K": key.bits, "V": value.bits, "S": bits, "O": bits}

    def product(out: Access, *factors: Access) -> Form:
        known = {access.name: bits_of[access.name] for access in (*factors, out)}
        return Form(out, factors, sizes, known, PRODUCT, domain)

    scores = access("S", *rows, "j")
    return (
        product(scores, access("Q", *rows, "d"), access("K", *names, "j", "d")),
        product(access("O", *rows, "e"), scores, access("V", *names, "j", "e")),
    )


def _sizes(names: tuple[str, ...], group: int, query: Value, key: Value, value: Value) -> dict[str, int]:
    """The size of every rank; heads are those of the keys."""
    ahead = len(names)
    heads = (*query.shape[: ahead - 1], key.shape[ahead - 1])
    sizes = dims({"g": group} if group > 1 else {}, names, heads, "query")
    sizes = dims(sizes, ("i", "d"), query.shape[ahead:], "query")
    sizes = dims(sizes, (*names, "j", "d"), key.shape, "key")
    return dims(sizes, (*names, "j", "e"), value.shape, "value")


def _group(queries: int, keys: int) -> int:
    if keys < 1 or queries % keys:
        raise Unfit(f"{queries} heads of queries do not share {keys} heads of keys evenly")
    return queries // keys
