"""The solver: exact energy and cycles of a kernel as a CP-SAT model, minimised lexicographically.

Variables are the arc taken in every gap, with the tile factor of each rank that it implies, and the factor of each rank
on each array dimension. Constraints: consecutive arcs meet in one state, tile factors multiply to the rank, the array
dimensions hold the spatial factors, accesses are rounded up to whole widths, every port fits into the cycles. All
coefficients are integers: prices in pJ are scaled by their common denominator.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor, gcd, lcm
from threading import Thread
from typing import TYPE_CHECKING, Any

from polymap.mapper.kernel import Arc, Kernel, State
from polymap.mapper.pricing import Action, energy_actions, port_actions, traffic_actions
from polymap.mapper.problem import Part

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

LARGEST = 1 << 60
TICK = 0.05  # seconds


@dataclass(frozen=True)
class Amount:
    """A linear expression (or an integer) and the largest value it can take."""

    value: Any
    largest: int


NOTHING = Amount(0, 0)


@dataclass(frozen=True)
class Proven:
    """The least mapping of a kernel: its arcs (innermost gap first); energy in pJ and cycles as the solver counted
    them."""

    arcs: tuple[Arc, ...]
    energy: Fraction
    cycles: Fraction


class Undecided(Exception):
    """The solver stopped at its time limit."""


class Model:
    """A kernel in the solver. `minimise` may be called repeatedly with tighter limits."""

    def __init__(
        self, part: Part, kernel: Kernel, seed: int, seconds: float | None, levels: Sequence[str] = ()
    ) -> None:
        from ortools.sat.python import cp_model

        self._cp = cp_model
        self.part, self.kernel, self.seed, self.seconds = part, kernel, seed, seconds
        self.geometry = part.geometry
        self.model = cp_model.CpModel()
        self.arc = [self.model.new_int_var(0, len(arcs) - 1, f"arc{i}") for i, arcs in enumerate(kernel.arcs)]
        self._paths()
        self._factors()
        self._fan_out()
        self._rooms()
        self.cycles = self._cycles()
        self.scale, self.energy = self._energy()
        self.moved = {level: self._moved(level) for level in levels}

    def _paths(self) -> None:
        """Consecutive arcs meet in one state; each arc fetches what its table row says."""
        self.fetched: dict[int, Amount] = {}
        states: dict[State | None, int] = {None: 0}
        for arcs in self.kernel.arcs:
            for arc in arcs:
                states.setdefault(arc.inner, len(states))
                states.setdefault(arc.outer, len(states))
        at = [self.model.new_int_var(0, len(states), f"state{i}") for i in range(len(self.arc) + 1)]
        paid: dict[int, list[Amount]] = {}
        for i, arcs in enumerate(self.kernel.arcs):
            nodes = sorted({node for arc in arcs for node, _ in arc.fetched})
            columns = [self._column(arcs, node) for node in nodes]
            rows = [
                (number, states[arc.inner], states[arc.outer], *(dict(arc.fetched).get(node, 0) for node in nodes))
                for number, arc in enumerate(arcs)
            ]
            self.model.add_allowed_assignments([self.arc[i], at[i], at[i + 1], *(c.value for c in columns)], rows)
            for node, column in zip(nodes, columns):
                paid.setdefault(node, []).append(column)
        for node, columns in paid.items():
            self.fetched[node] = Amount(sum(c.value for c in columns), sum(c.largest for c in columns))

    def _column(self, arcs: Sequence[Arc], node: int) -> Amount:
        values = {dict(arc.fetched).get(node, 0) for arc in arcs}
        return Amount(self._among(values, f"fetched{node}"), max(values))

    def _factors(self) -> None:
        """Tile factors per gap and rank, whose product over the gaps is the rank's temporal size."""
        for rank, size in enumerate(self.geometry.lattice.sizes):
            tiles: list[Any] = [1]
            for i, arcs in enumerate(self.kernel.arcs):
                rows = [(n, dict(arc.loops).get(rank, 1)) for n, arc in enumerate(arcs)]
                factor = self._among({f for _, f in rows}, f"factor{i}.{rank}")
                self.model.add_allowed_assignments([self.arc[i], factor], rows)
                tile = self.model.new_int_var(1, size, f"tile{i}.{rank}")
                self.model.add_multiplication_equality(tile, [tiles[-1], factor])
                tiles.append(tile)
            self.model.add(tiles[-1] == size)

    def _fan_out(self) -> None:
        """Factors of each rank on each array dimension: together the class's, and within the dimension's size."""
        for unrolling in self.geometry.spatial.unrollings:
            on: list[list[Any]] = []
            for d, (_, size) in enumerate(unrolling.array.shape):
                on.append([self._divisor(f, f"on{d}.{r}") for r, f in enumerate(unrolling.factors)])
                product = self.model.new_int_var(1, size, f"used{d}")
                self.model.add_multiplication_equality(product, on[-1])
            for rank, factor in enumerate(unrolling.factors):
                self.model.add_multiplication_equality(factor, [dimension[rank] for dimension in on])

    def _divisor(self, number: int, name: str) -> Any:
        return self._among({d for d in range(1, number + 1) if number % d == 0}, name)

    def _among(self, values: set[int], name: str) -> Any:
        return self.model.new_int_var_from_domain(self._cp.Domain.from_values(sorted(values)), name)

    def _rooms(self) -> None:
        """Nodes of one memory that stand at different stops share its room."""
        for memory in self.part.program().rooms.limited:
            if len({self.geometry.nodes[node].stop for node in memory.nodes}) == 1:
                continue
            columns = []
            for i, arcs in enumerate(self.kernel.arcs):
                here = [node for node in memory.nodes if self.geometry.nodes[node].stop == arcs[0].inner.gap - 1]
                if here:
                    rows = [(n, sum(self._bits(node, arc) for node in here)) for n, arc in enumerate(arcs)]
                    columns.append(self._among({bits for _, bits in rows}, f"room{i}"))
                    self.model.add_allowed_assignments([self.arc[i], columns[-1]], rows)
            self.model.add(sum(columns) <= int(memory.room))

    def _bits(self, number: int, arc: Arc) -> int:
        node, tile = self.geometry.nodes[number], arc.outer.tile if arc.outer else self.geometry.lattice.sizes
        below = self.geometry.below(node.stop)
        sizes = {rank: t * inner for rank, t, inner in zip(self.geometry.ranks, tile, below)}
        return (
            int(self.geometry.elements(node.tensor, sizes))
            * node.memory.element_bits(node.tensor)
            * node.memory.buffering
        )

    def _cycles(self) -> Any:
        """At least the compute cycles, and the busy cycles of every port, in ticks. Raises `Undecided` where so fine
        ones make numbers that are too large."""
        ports = [self._sum(actions) for _, actions in port_actions(self.geometry, self.part.counts)]
        self.ticks = 1 if self.part.conventions.whole_cycles else lcm(*(scale for scale, _ in ports))
        computing = self.geometry.compute_cycles * self.ticks
        most = max(computing, *(-(-busy.largest * self.ticks // scale) for scale, busy in ports), 0)
        self.most_cycles = most
        if most == computing:
            return most
        cycles = self.model.new_int_var(computing, most, "cycles")
        for scale, busy in ports:
            shared = gcd(scale, self.ticks)
            if self.ticks > 1 and max(busy.largest * self.ticks, most * scale) // shared > LARGEST:
                raise Undecided
            self.model.add(self.ticks // shared * busy.value <= scale // shared * cycles)
        return cycles

    def _sum(self, actions: Sequence[Action]) -> tuple[int, Amount]:
        """(scale, scaled sum) of actions that count every element, from below where exact integers would overflow."""
        prices: dict[int | None, Fraction] = {None: Fraction(0)}
        for action in actions:
            prices[None] += action.each * action.count.constant
            for node, share in action.count.shares:
                prices[node] = prices.get(node, Fraction(0)) + action.each * share
        largest = sum(max(Fraction(0), price) * self._of(node).largest for node, price in prices.items())
        scale = min(lcm(*(price.denominator for price in prices.values())), max(1, int(LARGEST / max(1, largest))))
        terms = [(floor(price * scale), self._of(node)) for node, price in prices.items()]
        return scale, Amount(sum(p * term.value for p, term in terms), sum(max(0, p) * t.largest for p, t in terms))

    def _of(self, node: int | None) -> Amount:
        return Amount(1, 1) if node is None else self.fetched.get(node, NOTHING)

    def _energy(self) -> tuple[Fraction, Any]:
        """(scale, scaled energy): dynamic energy with rounded accesses, compute and leakage.

        Where exact integers would overflow, prices are rounded down, so that the solver's energy stays a lower bound.
        """
        architecture = self.geometry.skeleton.architecture
        actions = energy_actions(self.geometry, self.part.counts)
        terms = [(self.part.leakage / self.ticks, Amount(self.cycles, self.most_cycles))]
        terms += [(action.each, self._rounds(action)) for action in actions if action.wide]
        exact, plain = self._sum([action for action in actions if not action.wide])
        terms.append((Fraction(1, exact), plain))
        fixed = architecture.compute.energy_pj * self.geometry.skeleton.einsum.computes
        scale = Fraction(lcm(fixed.denominator, *(price.denominator for price, _ in terms)))
        scale = min(scale, LARGEST / max(Fraction(1), fixed + sum(price * term.largest for price, term in terms)))
        energy = self.model.new_int_var(0, LARGEST, "energy")
        total = int(fixed * scale) + sum(int(price * scale) * term.value for price, term in terms)
        self.model.add(energy == total)
        return scale, energy

    def _moved(self, level: str) -> Any:
        """Bits that a memory moves."""
        scale, moved = self._sum(traffic_actions(level)(self.geometry, self.part.counts))
        total = self.model.new_int_var(0, max(0, moved.largest // scale), f"moved.{level}")
        self.model.add(moved.value == scale * total)
        return total

    def _rounds(self, action: Action) -> Amount:
        """Rounds of an action that are started."""
        exact, count = self._sum([replace(action, each=Fraction(1))])
        most = max(0, -(-count.largest // (exact * action.wide)))
        if isinstance(count.value, int):
            return Amount(max(0, -(-count.value // (exact * action.wide))), most)
        rounds = self.model.new_int_var(0, most, "rounds")
        self.model.add(rounds * (exact * action.wide) >= count.value)
        return Amount(rounds, most)

    def at_most(
        self,
        energy: Fraction | None = None,
        cycles: Fraction | float | None = None,
        moved: Iterable[tuple[str, int]] = (),
    ) -> None:
        """Add limits; they stay."""
        for level, bits in moved:
            self.model.add(self.moved[level] <= bits)
        if energy is not None:
            self.model.add(self.energy <= int(energy * self.scale))
        if cycles is not None and not isinstance(self.cycles, int):
            self.model.add(self.cycles <= floor(cycles * self.ticks))

    def minimise(self, *quantities: Any) -> Proven | None:
        """The least mapping by the quantities in turn; None if there is none."""
        found: cp_model.CpSolver | None = None
        for quantity in quantities:
            if isinstance(quantity, int):
                continue
            found = self._solve(quantity)
            if found is None:
                return None
            self.model.add(quantity <= found.value(quantity))
        assert found is not None
        arcs = tuple(arcs[found.value(arc)] for arc, arcs in zip(self.arc, self.kernel.arcs))
        cycles = Fraction(self._value(found, self.cycles), self.ticks)
        return Proven(arcs, found.value(self.energy) / self.scale, cycles)

    def _value(self, solver: cp_model.CpSolver, quantity: Any) -> int:
        return quantity if isinstance(quantity, int) else int(solver.value(quantity))

    def _solve(self, quantity: Any) -> cp_model.CpSolver | None:
        solver = self._cp.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = self.seed
        solver.parameters.catch_sigint_signal = False  # else an interrupt would look like a time limit
        if self.seconds is not None:
            solver.parameters.max_time_in_seconds = self.seconds
        self.model.minimize(quantity)
        status = _interruptible(solver, self.model)
        if status == self._cp.INFEASIBLE:
            return None
        if status != self._cp.OPTIMAL:
            raise Undecided
        return solver


def _interruptible(solver: cp_model.CpSolver, model: cp_model.CpModel) -> Any:
    """The status of a solve that an interrupt ends: it runs in a thread, for Python hears nothing during a call."""
    status: list[Any] = []
    thread = Thread(target=lambda: status.append(solver.solve(model)), daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(TICK)
    except KeyboardInterrupt:
        while thread.is_alive():
            solver.stop_search()
            thread.join(TICK)
        raise
    return status[0]
