"""`copy:` of trainings, followed in the tree, before anything is checked.

A copy takes what it has not itself from the training that it names; maps are joined by key. What
belongs to one run, not to its settings, is never taken: whether it runs, its count and protection.
"""

from schemas.nearest import close
from schemas.shape import Path
from schemas.tree import Map, Value

KEY = "copy"
OWN = frozenset({KEY, "state", "run", "deletion_protection"})
JOINED = frozenset({"algorithm", "hyperparameters", "input_data", "tags"})


Problem = tuple[str, Path, str, str]


def follow(trainings: Map) -> tuple[Map, list[Problem], set[str]]:
    """Trainings with every copy filled in; a wrong copy stays as it is.

    Returns them, (rule, path, message, hint) of each problem, and the names of those that lack
    what a wrong copy would have brought.
    """
    filled: dict[str, Value] = {}
    lacking: set[str] = set()
    problems: list[Problem] = []
    for start in trainings:
        chain: list[str] = []
        name = start
        while name not in filled:
            base = _base(trainings[name])
            problem = None if base is None else _problem(name, base, chain, trainings)
            if problem:
                problems.append(problem)
                lacking.add(name)
            if base is None or problem:
                filled[name] = trainings[name]
                break
            chain.append(name)
            name = base
        for copier in reversed(chain):
            own, source = trainings[copier], filled[name]
            whole = isinstance(own, Map) and isinstance(source, Map)
            filled[copier] = _joined(own, source) if whole else own  # type: ignore[arg-type]
            if name in lacking:
                lacking.add(copier)
            name = copier
    ordered = Map()
    ordered.update((name, filled[name]) for name in trainings)
    ordered.marks.update(trainings.marks)
    return ordered, problems, lacking


def _base(raw: Value) -> str | None:
    base = raw.get(KEY) if isinstance(raw, Map) else None
    return base if isinstance(base, str) else None


def _problem(name: str, base: str, chain: list[str], trainings: Map) -> Problem | None:
    path: Path = ("trainings", name, KEY)
    if base not in trainings:
        hint = close(base, (other for other in trainings if other != name))
        return ("unknown-reference", path, f"there is no training {base!r}", hint)
    way = [*chain, name]
    if base in way:
        circle = " -> ".join([*way[way.index(base) :], base])
        return ("copy-cycle", path, f"copies itself: {circle}", "write one of them in full")
    return None


def _joined(own: Map, base: Map) -> Map:
    joined = Map()
    joined.update(own)
    joined.marks.update(own.marks)
    for key, value in base.items():
        if key in OWN:
            continue
        mine = own.get(key)
        if key not in own:
            joined[key], joined.marks[key] = value, base.marks[key]
        elif key in JOINED and isinstance(mine, Map) and isinstance(value, Map):
            joined[key] = _union(mine, value)
    return joined


def _union(own: Map, base: Map) -> Map:
    union = Map()
    for source in (base, own):
        union.update(source)
        union.marks.update(source.marks)
    return union
