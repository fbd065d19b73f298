"""Identifiers for what mappings name: valid in C and in Python, and no two alike."""

from __future__ import annotations

import keyword
import re

# Words of C and names that its headers may define.
C_WORDS = (
    "auto break case char const continue default do double else enum extern float for goto if inline int long "
    "register restrict return short signed sizeof static struct switch typedef union unsigned void volatile "
    "while bool true false asm main errno stdin stdout stderr signal printf exit abs div memcmp memcpy memset "
)
# Names that generated code uses itself.
OURS = "element min max value total first start stop low end used sent counts np range is_first"


class Names:
    """Identifiers given out so far."""

    def __init__(self) -> None:
        self._taken = {*C_WORDS.split(), *OURS.split(), *keyword.kwlist, *keyword.softkwlist}

    def new(self, wanted: str, endings: tuple[str, ...] = ()) -> str:
        """An identifier as near to what is wanted as can be; with each of the endings it is no other's, either."""
        found = identifier(wanted)
        while self._taken & {found + ending for ending in ("", *endings)}:
            found += "_"
        self._taken |= {found + ending for ending in ("", *endings)}
        return found


def identifier(text: str) -> str:
    """The text with `_` for what no identifier of C has.

    >>> identifier("layer1.x.conv"), identifier("3x3"), identifier("")
    ('layer1_x_conv', 'x3x3', 'x')
    """
    plain = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    return plain if plain[:1].isalpha() else f"x{plain}"
