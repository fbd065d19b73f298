"""Random small problems in which everything that a query can say meets: conventions, mapspace, factors, machines with
rules, links, clusters and words of their own, statements, side conditions. All their mappings can be priced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields, replace
from itertools import islice

from hypothesis import assume, reject
from hypothesis import strategies as st

from polymap.architecture.hierarchy import Architecture, Array, Level, Memory
from polymap.mapping.nest import Mapping
from polymap.model.conventions import Conventions, conventions
from polymap.workload.einsum import Einsum
from tests.constraints import drawn
from tests.oracles import exhaust, exhaust_even_imperfect
from tests.oracles.every_point import every_point
from tests.oracles.exhaust_uneven import IMPERFECT, PERFECT, Rules, Space
from tests.oracles.uneven_loops import is_special, sequences
from tests.properties.ruled_optimum import EVERY_MAPPING
from tests.properties.strategies import flipped_kernel, skewed
from tests.properties.strategies_domains import attention, posed
from tests.properties.strategies_imperfect import cut
from tests.properties.strategies_uneven import TEMPLATES, architectures, einsums, smaller, tight
from tests.properties.test_dimension_rules import ruled

EVEN, UNEVEN = "even", "uneven"
MOST_MAPPINGS, MOST_ORDERS = 400, 200
Cut = Callable[[Einsum], Einsum]

SPACES: dict[str, tuple[tuple[str, str], ...]] = {
    "polymap": ((UNEVEN, PERFECT), (UNEVEN, PERFECT), (EVEN, PERFECT), (UNEVEN, IMPERFECT), (EVEN, IMPERFECT)),
    "polymap,drains_are_read=no": ((UNEVEN, PERFECT), (UNEVEN, IMPERFECT)),
    "polymap,idle_instances_leak=no": ((UNEVEN, PERFECT), (EVEN, PERFECT), (UNEVEN, IMPERFECT)),
    "polymap,all_write_first=yes": ((UNEVEN, PERFECT), (EVEN, IMPERFECT)),
    "polymap,tiles_stay=no": ((UNEVEN, PERFECT), (UNEVEN, IMPERFECT)),
    "timeloop": ((EVEN, PERFECT),),
    "timeloop,continuing_sweep=no": ((EVEN, PERFECT), (UNEVEN, PERFECT)),
    "accelforge": ((UNEVEN, PERFECT),),
    "accelforge,tiles_slide=no": ((UNEVEN, PERFECT), (UNEVEN, IMPERFECT), (EVEN, PERFECT)),
}  # fmt: skip


def unusual(level: Level) -> str:
    """A level with what is not as usual."""
    usual = {part.name: part.default for part in fields(level) if part.default is not MISSING}
    told = {part.name: getattr(level, part.name) for part in fields(level)}
    return ", ".join(f"{name}={value}" for name, value in told.items() if value != usual.get(name))


@dataclass(frozen=True)
class Together:
    """A mapspace under conventions and statements, small enough to be listed."""

    einsum: Einsum
    architecture: Architecture
    preset: str
    mapspace: str
    factors: str
    said: tuple[drawn.Said, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.preset}, {self.mapspace}, {self.factors}", f"{self.einsum.ranks} {self.einsum.domain_text}"]
        lines += [f"{t.name}{[str(axis) for axis in t.coordinates]} {t.bits} b" for t in self.einsum.tensors]
        return "\n".join([*lines, *map(unusual, self.architecture.hierarchy), *map(str, self.said)])

    @property
    def rules(self) -> Conventions:
        """Cycles as the search counts them, exactly."""
        return replace(conventions(self.preset), cycles_in_floats=False)

    @property
    def document(self) -> dict[str, object] | None:
        return drawn.document(list(self.said)) if self.said else None

    @property
    def is_listed_by_rules(self) -> bool:
        """Whether mappings that the rules of the list leave out cost, and are allowed, as those that it has."""
        special = any(is_special(array) for array in self.architecture.arrays)
        return not self.said and self.rules.tiles_stay and not special and self.einsum.is_box

    def mappings(self) -> Iterator[Mapping]:
        """Every mapping that is legal and does as it is said; of those that cost the same at least one."""
        return (mapping for mapping in self.every() if all(said.holds(mapping) for said in self.last_said()))

    def every(self) -> Iterator[Mapping]:
        """Every legal mapping, whatever is said; where nothing is, only one of those that cost the same."""
        if self.mapspace == UNEVEN:
            return self.space().mappings()
        if self.factors == IMPERFECT:
            return exhaust_even_imperfect.mappings(self.einsum, self.architecture)
        return exhaust.mappings(self.einsum, self.architecture, every_order=not self.is_listed_by_rules)

    def last_said(self) -> Iterator[drawn.Said]:
        """Of two things said under the same keys a document has the last."""
        yield from {said.path: said for said in self.said}.values()

    def space(self) -> Space:
        rules = Rules() if self.is_listed_by_rules else EVERY_MAPPING
        sets = None if self.einsum.is_box else every_point
        return Space(self.einsum, self.architecture, self.factors, rules, sets=sets)

    def is_small(self) -> bool:
        """Whether few mappings are listed, before it is asked what they hold."""
        if self.mapspace == EVEN:
            return self.roomy().is_short()
        space = self.space()
        orders = sequences(self.einsum, self.architecture, self.factors, space.rules, len(self.architecture.hierarchy))
        few = sum(1 for _ in islice(orders, MOST_ORDERS + 1)) <= MOST_ORDERS
        return few and space.is_within(MOST_MAPPINGS) and self.is_short()

    def is_short(self) -> bool:
        return sum(1 for _ in islice(self.every(), MOST_MAPPINGS + 1)) <= MOST_MAPPINGS

    def roomy(self) -> Together:
        """The same where everything fits: a list of what does not fit would not end."""
        levels = (replace(x, capacity_bits=None) if isinstance(x, Memory) else x for x in self.architecture.hierarchy)
        return replace(self, architecture=replace(self.architecture, hierarchy=tuple(levels)))


@st.composite
def machines(draw: st.DrawFn, einsum: Einsum, most_memories: int = 3, most_arrays: int = 2) -> Architecture:
    """An architecture whose arrays may have rules and links, whose memories share accesses or name roles and words."""
    machine = draw(architectures(einsum, most_memories, most_arrays))
    machine = draw(ruled(einsum, machine)) if draw(st.booleans()) else machine
    levels, instances = list[Level](), 1
    for level in machine.hierarchy:
        if isinstance(level, Array):
            instances *= level.fanout
            levels.append(draw(networked(level, einsum)))
        elif isinstance(level, Memory):
            levels.append(draw(worded(level, einsum, instances)))
        else:
            levels.append(level)
    return replace(machine, hierarchy=tuple(levels))


@st.composite
def networked(draw: st.DrawFn, array: Array, einsum: Einsum) -> Array:
    named = [name for tensor in einsum.tensors for name in (tensor.name, tensor.role)]
    chosen = st.booleans() | st.lists(st.sampled_from(named), unique=True, min_size=1, max_size=2).map(tuple)
    return replace(
        array,
        multicast=draw(st.just(array.multicast) | chosen),
        reduction=draw(st.just(array.reduction) | chosen),
        links=draw(st.just(False) | st.just(False) | chosen),
    )


@st.composite
def worded(draw: st.DrawFn, memory: Memory, einsum: Einsum, instances: int) -> Memory:
    """The memory with words for some tensors, names exchanged for roles, and accesses that instances share."""
    roles = {tensor.name: tensor.role for tensor in einsum.tensors}
    by_role = draw(st.booleans())
    named = lambda names: tuple(roles[name] for name in names) if by_role else names  # noqa: E731
    listed = draw(st.lists(st.sampled_from([*roles, *roles.values()]), unique=True, max_size=2))
    together = draw(st.sampled_from([1, 1, *(d for d in range(1, instances + 1) if instances % d == 0)]))
    return replace(
        memory,
        keeps=None if memory.keeps is None else named(memory.keeps),
        may_keep=named(memory.may_keep),
        words=tuple((name, draw(st.sampled_from((4, 8, 12)))) for name in listed) if draw(st.booleans()) else (),
        cluster=together,
        width_bits=memory.width_bits * together,
    )


@st.composite
def together(draw: st.DrawFn, presets: tuple[str, ...] = tuple(SPACES), factors: str = "", said: int = 4) -> Together:
    """A problem small enough to be listed, with up to so many statements; ranks are made smaller until it is."""
    preset = draw(st.sampled_from(presets))
    mapspace, factors = draw(st.sampled_from([space for space in SPACES[preset] if factors in ("", space[1])]))
    templates = (*TEMPLATES, flipped_kernel, skewed)[(0 if factors == PERFECT else 4) :]  # fewer tensors, fewer classes
    einsum = draw(einsums(templates, sizes=(4, 2, 3, 6, 8) if factors == PERFECT else (3, 2, 4, 5, 7)))
    machine = draw(machines(einsum, *((3, 2) if factors == PERFECT else (1, 1))))
    if factors == IMPERFECT or not conventions(preset).tiles_stay:
        machine = replace(machine, hierarchy=tuple(unlinked(level) for level in machine.hierarchy))
    shrink: Cut = smaller if factors == PERFECT else cut
    says = factors == PERFECT and draw(st.booleans())
    while True:
        outermost, *levels = machine.hierarchy
        bounded = tuple([draw(tight(level, einsum)) for level in levels])
        problem = Together(einsum, replace(machine, hierarchy=(outermost, *bounded)), preset, mapspace, factors)
        statements = st.lists(drawn.statements(einsum, problem.architecture), min_size=1, max_size=said)
        problem = replace(problem, said=tuple(draw(statements)) if says else ())
        if problem.is_small():
            return problem
        if einsum.computes == 1:
            reject()
        einsum = shrink(einsum)


@st.composite
def tied(draw: st.DrawFn) -> Together:
    """A problem on a triangle or a band."""
    einsum, constraints = draw(attention())
    machine = draw(machines(einsum))
    machine = replace(machine, hierarchy=tuple(unlinked(level) for level in machine.hierarchy))
    mapspace = draw(st.sampled_from((UNEVEN, UNEVEN, EVEN)))
    while True:
        outermost, *levels = machine.hierarchy
        bounded = tuple([draw(tight(level, einsum)) for level in levels])
        work = posed(einsum, constraints)
        assume(not work.is_box)
        problem = Together(work, replace(machine, hierarchy=(outermost, *bounded)), "polymap", mapspace, PERFECT)
        said = draw(st.lists(drawn.statements(work, problem.architecture), max_size=2))
        problem = replace(problem, said=tuple(said))
        if problem.is_small():
            return problem
        einsum = smaller(einsum)


def unlinked(level: Level) -> Level:
    """A level without what is not searched, or not priced, everywhere."""
    if isinstance(level, Memory):
        return replace(level, cluster=1)
    return replace(level, links=False) if isinstance(level, Array) else level
