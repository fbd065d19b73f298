"""Reading specs: YAML text or Python data -> located tree -> frozen dataclasses. The only room with yaml.

A decoder is a function over a `Reader`. It asks for keys; every getter notes what is wrong and returns a stand-in of
the right type, so a decoder is a straight list of fields without checks. Leaving `reading` raises one `SpecError` with
all mistakes, each with file, line, column, key path and how to mend it; keys nobody asked for are mistakes too.

    from polymap import quantity, spec

    def workload(source: spec.Source) -> Workload:
        with spec.reading(source, "workloads", "workload/1") as top:
            name = top.text("name", required=True)            # str; also name, integer, number, flag
            ranks = top.table("ranks", quantity.count, required=True)    # (("n", 1), ("k", 64), ...)
            roles = top.table("roles", spec.identifier)       # free keys, each value parsed
            listed = top.names("keeps")                       # ("input", "output"): distinct identifiers
            clock = top.value("clock", quantity.frequency_hz, otherwise=Fraction(1), required=True)
            energy = top.child("energy")                      # Reader of a mapping; fine if absent
            read = energy.value("read", quantity.energy_pj, otherwise=Fraction(0), required=True)
            layers = [layer(item) for item in top.children("layers")]    # list of mappings
            shapes = top.named_children("shapes")             # (("a", Reader), ...): mapping of mappings
            lines = top.values("mapping", parse_line)         # list of values, each parsed
            if not ranks:
                top.wrong("there are no ranks", "list them", key="ranks")    # own rules, noted at a key
        return Workload(...)                                  # only reached without mistakes

* A parser (`quantity.energy_pj`, `spec.identifier`, your own) takes the plain value (str, int, Decimal, Fraction, bool
  or None) and raises `Misread(message, mend)`; the reader adds the place. A SpecError raised in a parser is noted too,
  with its own places where it has them (an einsum parser may point into its text).
* Names as text: `no`, `on`, `010` and `1:30` are text, only `true` and `false` are truth values (YAML 1.2), and
  `name`, `names` and `text` take what is written, so a rank may be called `true`.
* `has(key)`, `is_list(key)`, `is_mapping(key)` choose between forms; `place_of(key)` gives a Place for a dataclass;
  `ignore_rest()` silences unknown keys where the kind of thing is unknown; `node_of(key)` gives the located tree.
* `find(kind, name)` turns a shipped name (`eyeriss_like`) or path into a path, `shipped(kind)` lists shipped names,
  `text_of(path)` reads a guarded text file that is not YAML, `parse(text)` gives a tree, `dump(data)` YAML text.
* A source is a shipped name, a path, YAML text (a str with a newline) or a Python mapping.
"""

from polymap.quantity import Misread
from polymap.spec.located import TAG, Field, Fields, Items, Located, Scalar, described, written
from polymap.spec.reader import Mistakes, Reader
from polymap.spec.reading import reading, reading_tree
from polymap.spec.source import LARGEST_FILE, Source, dump, find, parse, read, shipped, specs_folder, text_of
from polymap.spec.words import LONGEST_TEXT, flag, identifier, text

__all__ = [
    "LARGEST_FILE",
    "LONGEST_TEXT",
    "TAG",
    "Field",
    "Fields",
    "Items",
    "Located",
    "Misread",
    "Mistakes",
    "Reader",
    "Scalar",
    "Source",
    "described",
    "dump",
    "find",
    "flag",
    "identifier",
    "parse",
    "read",
    "reading",
    "reading_tree",
    "shipped",
    "specs_folder",
    "text",
    "text_of",
    "written",
]
