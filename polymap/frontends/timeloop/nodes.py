"""The form of `architecture` that that tool's front end takes, a list of tagged nodes -> the tree that it writes.

What stands in a container is what follows it: its attributes are defaults of the components below, and its fan-out
multiplies their instances. A fan-out becomes a level that keeps nothing, `inter_NAME_spatial`, which has its loops.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from polymap import spec
from polymap.errors import Place
from polymap.frontends.aside import LeftOut
from polymap.quantity import shown
from polymap.spec import TAG, Field, Fields, Items, Located, Scalar

ARCHITECTURE, CONSTRAINTS = "architecture", "architecture_constraints"
KINDS = ("Component", "Container", "Parallel", "Hierarchical", "Nothing")
KEPT = "dataspace"
# What the front end writes for a level that keeps nothing.
EMPTY = {"width": 1, "depth": 1, "datawidth": 1}
Mesh = tuple[int, int]


@dataclass(frozen=True)
class _Around:
    """What containers say about the nodes that follow: instances along X and Y, and defaults of attributes."""

    mesh: Mesh = (1, 1)
    defaults: tuple[Field, ...] = ()


def processed(fields: Sequence[Field], mistakes: spec.Mistakes, left_out: LeftOut) -> tuple[Field, ...]:
    """The sections, with a tree of levels and their constraints in place of nodes. Mistakes are noted."""
    section = next((field for field in fields if field.key == ARCHITECTURE and _nodes(field.value)), None)
    if section is None or not isinstance(section.value, Fields):
        return tuple(fields)
    nodes = _Nodes(mistakes, left_out, _Shape.of(fields))
    nodes.read(section.value)
    tree = _section(section.value, nodes.levels)
    others = [field for field in fields if field.key not in (ARCHITECTURE, CONSTRAINTS)]
    stated = next((field for field in fields if field.key == CONSTRAINTS), None)
    return (replace(section, value=tree), *_constraints(stated, nodes.targets, section.place), *others)


def _nodes(section: Located) -> bool:
    return _under(section, "nodes") is not None


def _under(node: Located | None, key: str) -> Located | None:
    """What stands under a key, if it is there."""
    fields = node.fields if isinstance(node, Fields) else ()
    return next((field.value for field in fields if field.key == key), None)


def _items(node: Located | None) -> tuple[Located, ...]:
    return node.items if isinstance(node, Items) else ()


def _words(node: Located | None) -> tuple[str, ...]:
    return tuple(item.text for item in _items(node) if isinstance(item, Scalar))


@dataclass(frozen=True)
class _Shape:
    """The names of the problem, as far as they can be read: what is wrong there is told by its own reader."""

    dimensions: tuple[str, ...] = ()
    tensors: tuple[str, ...] = ()

    @classmethod
    def of(cls, fields: Sequence[Field]) -> _Shape:
        shape = next((_under(field.value, "shape") for field in fields if field.key == "problem"), None)
        listed = [_under(item, "name") for item in _items(_under(shape, "data_spaces"))]
        names = tuple(name.text for name in listed if isinstance(name, Scalar))
        return cls(_words(_under(shape, "dimensions")), names)


def _section(section: Fields, levels: Sequence[Fields]) -> Fields:
    kept = tuple(field for field in section.fields if field.key != "nodes")
    place = section.place
    top = Fields((_scalar("name", "system", place), Field("local", place, Items(tuple(levels), place))), place)
    return replace(section, fields=(*kept, Field("subtree", place, Items((top,), place))))


def _constraints(stated: Field | None, targets: Sequence[Fields], place: Place) -> Iterator[Field]:
    """One section for the constraints of nodes and those that stand apart."""
    if stated or targets:
        apart = _targets(stated.value) if stated else ()
        yield Field(CONSTRAINTS, stated.place if stated else place, Items((*targets, *apart), place))


def _targets(section: Located) -> tuple[Located, ...]:
    if isinstance(section, Items):
        return section.items
    fields = section.fields if isinstance(section, Fields) else ()
    lists = [field.value for field in fields if field.key in ("targets", "constraints")]
    return next((node.items for node in lists if isinstance(node, Items)), ())


class _Nodes:
    """Walks the nodes, outermost first, and collects levels and what is demanded of them."""

    def __init__(self, mistakes: spec.Mistakes, left_out: LeftOut, shape: _Shape) -> None:
        self.mistakes, self.left_out, self.shape = mistakes, left_out, shape
        self.levels: list[Fields] = []
        self.targets: list[Fields] = []
        self.readers: list[spec.Reader] = []

    def read(self, section: Fields) -> None:
        top = spec.Reader(section, section.place, self.mistakes, self.readers, "")
        top.ignore_rest()
        self.chain(top, _Around())
        for reader in self.readers:
            reader.report_unknown_keys()

    def chain(self, parent: spec.Reader, around: _Around, apart: tuple[str, ...] = ()) -> _Around:
        """Nodes of which each stands in the containers before it."""
        for node in parent.children("nodes"):
            around = self.node(node, around, apart)
        return around

    def node(self, node: spec.Reader, around: _Around, apart: tuple[str, ...]) -> _Around:
        """What is around the next node. `apart`: tensors that nodes beside this one keep."""
        kind = node.text(TAG)
        if kind in ("Component", "Container"):
            return self.named(node, kind, around, apart)
        if kind == "Hierarchical":
            return self.chain(node, around, apart)
        if kind == "Parallel":
            self.parallel(node, around)
        else:
            node.ignore_rest()
        if kind not in KINDS:
            node.wrong(f"{shown(kind)} is no kind of node", f"begin it with one of: !{', !'.join(KINDS)}")
        return around

    def parallel(self, node: spec.Reader, around: _Around) -> None:
        """Branches: what one keeps passes the others by."""
        branches = node.children("nodes")
        kept = [tuple(_kept(item)) for item in _items(node.node_of("nodes"))]
        for at, branch in enumerate(branches):
            apart = tuple(name for other in (*kept[:at], *kept[at + 1 :]) for name in other if name not in kept[at])
            if self.node(branch, around, apart).mesh != around.mesh:
                branch.wrong("a fan-out stands in one branch", "put the container before `!Parallel`", key="spatial")

    def named(self, node: spec.Reader, kind: str, around: _Around, apart: tuple[str, ...]) -> _Around:
        name = node.name("name", required=True)
        is_enabled, spatial = node.flag("enabled", True), node.child("spatial")
        fan = (spatial.integer("meshX"), spatial.integer("meshY")) if is_enabled else (1, 1)
        inside = replace(around, mesh=(around.mesh[0] * fan[0], around.mesh[1] * fan[1]))
        stated = node.child("constraints")
        if fan != (1, 1):
            self.fan_out(name, node, stated, around)
        if kind == "Component" and is_enabled:
            self.component(name, node, stated, inside, apart)
        elif kind == "Container":
            self.container(node, stated)
            return replace(inside, defaults=_merged(_attributes(node), around.defaults))
        else:
            self.left_out.tell(node.place, name, f"{name} is not enabled")
            node.ignore_rest()
            stated.ignore_rest()
        return inside

    def fan_out(self, name: str, node: spec.Reader, stated: spec.Reader, around: _Around) -> None:
        """A level that keeps nothing, above the instances."""
        level, place = f"inter_{name}_spatial", node.place
        sizes = tuple(_scalar(key, size, place) for key, size in EMPTY.items())
        given = Field("attributes", place, Fields((*sizes, *_mesh(around.mesh, place)), place))
        self.levels.append(
            Fields((_scalar("name", level, place), _scalar("class", "dummy_storage", place), given), place)
        )
        if stated.has("spatial"):
            self.demand(level, "spatial", stated)
        once = " ".join(f"{dim}=1" for dim in self.shape.dimensions)
        if once:
            self.targets.append(_target(level, "temporal", (_scalar("factors", once, place),), place))
            self.targets.append(_bypass(level, self.shape.tensors, place))

    def container(self, node: spec.Reader, stated: spec.Reader) -> None:
        for key in ("class", "subclass", "required_actions"):
            node.has(key)
        for key in (key for key in stated.keys if key != "spatial"):
            self.left_out.tell(stated.place_of(key), key, "a container keeps nothing and has no loops in time")
        stated.ignore_rest()

    def component(
        self, name: str, node: spec.Reader, stated: spec.Reader, around: _Around, apart: tuple[str, ...]
    ) -> None:
        given = _merged(_attributes(node), around.defaults)
        attributes = Field("attributes", node.place, Fields((*given, *_mesh(around.mesh, node.place)), node.place))
        others = (key for key in node.keys if key not in (TAG, "spatial", "constraints", "attributes", "enabled"))
        kept = [(key, node.node_of(key)) for key in others]
        fields = tuple(Field(key, node.place_of(key), value) for key, value in kept if value)
        self.levels.append(Fields((*fields, attributes), node.place))
        stated.has("spatial")
        for key in (key for key in ("temporal", KEPT) if stated.has(key)):
            self.demand(name, key, stated)
        if apart:
            self.targets.append(_bypass(name, tuple(dict.fromkeys(apart)), node.place))

    def demand(self, level: str, key: str, stated: spec.Reader) -> None:
        value = stated.node_of(key)
        if isinstance(value, Fields):
            self.targets.append(_target(level, key, value.fields, value.place))
        elif value:
            stated.wrong("a constraint is a mapping", "write `{factors: [P=1]}`", key=key)


def _attributes(node: spec.Reader) -> tuple[Field, ...]:
    given = node.node_of("attributes")
    return given.fields if isinstance(given, Fields) else ()


def _merged(own: Sequence[Field], defaults: Sequence[Field]) -> tuple[Field, ...]:
    taken = {field.key for field in own}
    return (*own, *(field for field in defaults if field.key not in taken))


def _kept(node: Located | None) -> Iterator[str]:
    """The tensors that a node, or one inside it, is told to keep."""
    yield from _words(_under(_under(_under(node, "constraints"), KEPT), "keep"))
    for item in _items(_under(node, "nodes")):
        yield from _kept(item)


def _bypass(level: str, tensors: Sequence[str], place: Place) -> Fields:
    listed = Items(tuple(Scalar(tensor, tensor, place) for tensor in tensors), place)
    return _target(level, KEPT, (Field("bypass", place, listed),), place)


def _target(level: str, kind: str, fields: Sequence[Field], place: Place) -> Fields:
    return Fields((_scalar("target", level, place), _scalar("type", kind, place), *fields), place)


def _mesh(mesh: Mesh, place: Place) -> tuple[Field, ...]:
    return _scalar("meshX", mesh[0], place), _scalar("meshY", mesh[1], place)


def _scalar(key: str, value: int | str, place: Place) -> Field:
    return Field(key, place, Scalar(value, str(value), place))
