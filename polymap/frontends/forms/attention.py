"""Attention: two products with a softmax between them."""

from __future__ import annotations

from polymap.frontends.forms.form import Form, Unfit, Value, access, dims
from polymap.frontends.forms.products import batch_names
from polymap.frontends.model import PRODUCT

CAUSAL = "{ [i,j] : j <= i }"


def attention(query: Value, key: Value, value: Value, bits: int, is_causal: bool = False) -> tuple[Form, Form]:
    """Scores `S[b,h,i,j] += Q[b,h,i,d] * K[b,h,j,d]` and values `O[b,h,i,e] += S[b,h,i,j] * V[b,h,j,e]`.

    Shapes are `[batch..., heads, positions, width]`. Where there are fewer heads of keys than of queries, each serves a
    group `g` of them. Causal scores are those with `j <= i`: position i looks at itself and what stands before it.
    """
    ahead = len(query.shape) - 2
    if ahead < 1 or len(key.shape) != len(query.shape) or len(value.shape) != len(query.shape):
        raise Unfit("queries, keys and values have no shape [batch, heads, positions, width]")
    names = batch_names(ahead)
    shared, group = key.shape[ahead - 1], _group(query.shape[ahead - 1], key.shape[ahead - 1])
    inner = ("g",) if group > 1 else ()
    sizes = dims({"g": group} if group > 1 else {}, names, (*query.shape[: ahead - 1], shared), "query")
    sizes = dims(sizes, ("i", "d"), query.shape[ahead:], "query")
    sizes = dims(sizes, (*names, "j", "d"), key.shape, "key")
    sizes = dims(sizes, (*names, "j", "e"), value.shape, "value")
    domain = CAUSAL if is_causal else ""
    keys, values = access("K", *names, "j", "d"), access("V", *names, "j", "e")
    rows = (*names, *inner, "i")
    scores = Form(
        access("S", *rows, "j"),
        (access("Q", *rows, "d"), keys),
        sizes,
        {"Q": query.bits, "K": key.bits, "S": bits},
        PRODUCT,
        domain,
    )
    weighed = Form(
        access("O", *rows, "e"),
        (access("S", *rows, "j"), values),
        sizes,
        {"S": bits, "V": value.bits, "O": bits},
        PRODUCT,
        domain,
    )
    return scores, weighed


def _group(queries: int, keys: int) -> int:
    if keys < 1 or queries % keys:
        raise Unfit(f"{queries} heads of queries do not share {keys} heads of keys evenly")
    return queries // keys
