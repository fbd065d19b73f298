"""`polymap layers`: the distinct einsums of a network, how often each runs, and what is skipped."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from polymap.cli.arguments import Parser, add_json, add_set, add_verb
from polymap.cli.output import check_open, say

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[Parser]

EPILOG = """\
examples:
  polymap layers resnet18
  polymap layers my_network.onnx --set batch=8
  polymap layers 'O[k,p,q] += I[c,2*p+r,2*q+s] * W[k,c,r,s]' --set k=64 c=3 p=112 q=112 r=7 s=7

MODEL is a workload file or a shipped name, einsum text, or a network file: ONNX (.onnx), MLIR (.mlir) or an exported
program of PyTorch (.pt2). MODEL/NAME is one of its operations. `polymap optimize ARCH MODEL` maps its products.
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "layers",
        "the distinct einsums of a network, with repeat counts",
        "List the einsums of a network, equal ones once, and every operation that is none.",
        EPILOG,
    )
    parser.add_argument("model", metavar="MODEL", help="a workload or network file, a shipped name, or einsum text")
    add_set(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List the layers; 0 even if some operations are skipped: they are named."""
    from polymap.cli.inputs import sizes
    from polymap.frontends.listing import data
    from polymap.frontends.reading import model

    check_open()
    found = model(options.model, sizes(options.sizes))
    if options.json:
        say(json.dumps(data(found), indent=2))
    else:
        from polymap.cli.listed import text

        say(text(found))
    return 0
