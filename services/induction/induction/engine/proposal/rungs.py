"""The rungs of the ladder: prompts that show no cases, one a stratum, a few, all that fit.

How many examples help depends on the model. Scores of large models mostly rise with their number
into the hundreds (Agarwal et al., Many-Shot In-Context Learning, NeurIPS 2024); a small one may do
best with one a label and lose all of it with sixty. So none is believed in, and all are measured.
A rung is made by no proposer and aimed at no mistake in particular.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nlu_shared.rendering import example_tokens, part_tokens, prompt_tokens
from nlu_shared.schemas.prompts import MOST_EDITS, Change, Edit, Op, PromptContent, Strategy
from nlu_shared.schemas.retrieval import RetrievalEdit

from induction.engine.data.room import UNBOUNDED, Room
from induction.engine.leak_guard.screen import EXAMPLE_TOKENS
from induction.engine.proposal import banked, edits, selection
from induction.engine.proposal.selection import Order
from induction.task_kinds.base import Case, Task

BETWEEN = 0.7
"""A rung between one a stratum and all shows at most this share of all, else it tells nothing."""
FACTOR = 3
"""By how much one rung shows more than the one before."""
DRAWS = {1: 4, FACTOR: 2}
"""How many draws of a rung are worth a look, by the examples of each stratum; one of the others.
The fewer cases are shown, the more it matters which."""


MOST_BETWEEN = 6
"""Rungs between one a stratum and all: enough for any task, and what a forecast counts with."""
MOST_RUNGS = 2 + sum(DRAWS.values()) + MOST_BETWEEN - len(DRAWS) + 1
"""All that fit, without own examples, and each rung in all its draws."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A prompt with so many examples.

    change: makes it of the baseline.
    content: the prompt.
    cases: shown by it and not by the baseline, one of each stratum in turn; of a bank, those that
        are fixed.
    keeps_own: whether the baseline's own examples stay.
    order: of the cases.
    is_banked: whether it brings a bank, of which each request shows the nearest.
    """

    change: Change
    content: PromptContent
    cases: tuple[Case, ...]
    keeps_own: bool
    order: Order = Order.IN_TURN
    is_banked: bool = False


def rungs(
    task: Task,
    prompt: PromptContent,
    train: Sequence[Case],
    *,
    seed: int,
    room: Room = UNBOUNDED,
    retrieval: bool = False,
) -> list[Rung]:
    """Those that can be made, each once, in the order in which they are worth trying: what a small
    budget does not reach comes last.

    task: makes examples of cases.
    prompt: the baseline.
    train: to draw from; what may not be quoted is left out.
    seed: of the run.
    room: for the whole prompt.
    retrieval: whether banks are tried, of which each request shows the nearest.
    """
    quotable = [case for case in train if case.may_quote]
    made: dict[str, Rung] = {}
    for rung in _in_order(_Maker(task, prompt, room), quotable, seed, retrieval):
        if rung is not None and rung.content.version_hash != prompt.version_hash:
            made.setdefault(rung.content.version_hash, rung)
    return list(made.values())


def reordered(
    task: Task, prompt: PromptContent, rung: Rung, order: Order, room: Room = UNBOUNDED
) -> Rung | None:
    """The same examples in another order; None where that is the same prompt.

    task: makes examples of cases.
    prompt: the baseline.
    rung: whose examples they are, in turn.
    order: the other one.
    room: for the whole prompt.
    """
    cases = selection.ordered(task, rung.cases, order)
    what = f"Shows the same {len(cases)} training cases, {order}."
    made = _Maker(task, prompt, room).rung(cases, what, keeps_own=rung.keeps_own, order=order)
    return None if made is None or made.content == rung.content else made


def grown(
    task: Task, prompt: PromptContent, rung: Rung, missed: Sequence[Case], room: Room = UNBOUNDED
) -> Rung | None:
    """The rung with the cases that it gets wrong as examples too: what it knows already need not be
    shown (the condensed nearest neighbour rule: Hart, IEEE Trans. Information Theory 14 (1968)
    515-516). None where there is none that may be quoted.

    task: makes examples of cases.
    prompt: the baseline.
    rung: that grows.
    missed: the cases, in the order in which they are added.
    room: for the whole prompt.
    """
    shown = {case.id for case in rung.cases}
    more = [case for case in missed if case.may_quote and case.id not in shown]
    if not more:
        return None
    what = f"Shows {{}} training cases: {len(rung.cases)}, and those that were wrong with them."
    return _Maker(task, prompt, room).rung([*rung.cases, *more], what, keeps_own=rung.keeps_own)


def _in_order(
    maker: "_Maker", quotable: Sequence[Case], seed: int, retrieval: bool
) -> Iterator[Rung | None]:
    """All that fit, the nearest of a bank where banks are tried, one a stratum, none, three a
    stratum; then by turns further draws and the rungs between, at last banks of other sizes."""
    task = maker.task
    strata = selection.ranked(task, quotable, seed=seed)
    every = selection.in_turn(strata)
    what = f"Shows {{}} training cases, of each {task.stratum_in_words} in turn."
    most = maker.rung(every, what, keeps_own=True)
    yield most
    banks = list(maker.banks(every, len(strata))) if retrieval else []
    yield from banks[:1]
    largest = len(most.cases) if most is not None else 0
    counts = [1]
    while counts[-1] * FACTOR * len(strata) <= BETWEEN * largest and len(counts) <= MOST_BETWEEN:
        counts.append(counts[-1] * FACTOR)
    draws = [(count, draw) for count in counts for draw in range(1, 1 + DRAWS.get(count, 1))]
    # By turns: one a stratum, three, one again, nine, three again, …
    draws.sort(key=lambda one: (one[1] * 2 + counts.index(one[0]), one[0]))
    by_draw = {1: strata}
    for number, (count, draw) in enumerate(draws):
        if draw not in by_draw:
            by_draw[draw] = selection.ranked(task, quotable, seed=seed, draw=draw)
        drawn = by_draw[draw]
        what = f"Shows {{}} training cases, {count} of each {task.stratum_in_words}"
        what += f", choice {draw}." if DRAWS.get(count, 1) > 1 else "."
        yield maker.rung(selection.in_turn(drawn, count), what, keeps_own=False)
        if number == 0 and maker.prompt.all_examples:
            yield maker.rung([], "Without the prompt's own examples.", keeps_own=False)
    yield from banks[1:]


@dataclass(frozen=True, slots=True)
class _Maker:
    task: Task
    prompt: PromptContent
    room: Room

    def rung(
        self,
        cases: Sequence[Case],
        rationale: str,
        *,
        keeps_own: bool,
        order: Order = Order.IN_TURN,
    ) -> Rung | None:
        """With as many of the cases, in their order, as there is room for; None where that changes
        nothing. `rationale` may say how many are shown."""
        gone = [] if keeps_own else list(range(len(self.prompt.examples)))
        bare = self.prompt
        if not keeps_own:
            bare = self.prompt.model_copy(update={"examples": (), "retrieval": None})
        shown = self._fitting(bare, self._fresh(cases, bare), MOST_EDITS - len(gone))
        changes = [Edit(op=Op.REMOVE_EXAMPLE, example=index) for index in gone]
        changes += [Edit(op=Op.ADD_EXAMPLE, case=case.id) for case in shown]
        if len(changes) > MOST_EDITS:
            return None
        if self.prompt.retrieval is not None and not keeps_own:
            changes.append(Edit(op=Op.SET_RETRIEVAL))
        if not changes:
            return None
        content, change = self._changed(changes, rationale.format(len(shown)), shown)
        return Rung(change, content, tuple(shown), keeps_own, order)

    def banks(self, every: Sequence[Case], strata: int) -> Iterator[Rung]:
        """With a bank of the cases, so many of them shown to each request as there is room for,
        where there is little room without fixed ones; none where the prompt has a bank of its own.

        every: those that may be quoted, one of each stratum in turn.
        strata: that there are.
        """
        if self.prompt.retrieval is not None:
            return
        fixed, bank = banked.parted(self.task, self._fresh(every, self.prompt), strata=strata)
        made = [self._banked(fixed, bank, k) for k in banked.SIZES]
        fitting = [one for one in made if one is not None]
        if not fitting:
            few = (self._banked(fixed, bank, k) for k in banked.FEW)
            fitting = [one for one in few if one is not None][:1]
        yield from fitting

    def _banked(self, fixed: Sequence[Case], bank: Sequence[Case], k: int) -> Rung | None:
        """After the fixed ones, else alone, k chosen from the bank; None where neither fits."""
        for shown, chosen in ((fixed, bank), ((), (*fixed, *bank))):
            settings = banked.settings(self.task, chosen, k)
            if settings is None:
                continue
            cases = tuple(case.id for case in chosen)
            retrieval = RetrievalEdit(**settings.model_dump(), cases=cases)
            what = f"Shows for each text the {k} nearest of {len(chosen)} training cases"
            content, change = self._changed(
                [
                    *(Edit(op=Op.ADD_EXAMPLE, case=case.id) for case in shown),
                    Edit(op=Op.SET_RETRIEVAL, retrieval=retrieval),
                ],
                f"{what}, after {len(shown)} fixed ones.",
                [*shown, *chosen],
            )
            if self.room.holds(prompt_tokens(content, self.task.answers)):
                return Rung(change, content, tuple(shown), keeps_own=True, is_banked=True)
        return None

    def _fresh(self, cases: Sequence[Case], bare: PromptContent) -> list[Case]:
        """Those that the prompt does not show yet."""
        known = {one.content_key for one in bare.examples}
        return [case for case in cases if self.task.example(case).content_key not in known]

    def _changed(
        self, changes: Sequence[Edit], rationale: str, quoted: Sequence[Case]
    ) -> tuple[PromptContent, Change]:
        change = Change(strategy=Strategy.EXAMPLES, rationale=rationale, edits=tuple(changes))
        content = edits.apply(
            self.prompt,
            change,
            shown={case.id: case for case in quoted},
            most_examples=len(quoted),
            task=self.task,
        )
        return content, change

    def _fitting(self, bare: PromptContent, cases: Sequence[Case], most: int) -> list[Case]:
        answers = self.task.answers
        used = example_tokens(bare.examples, answers) or HEADING
        whole = prompt_tokens(bare, answers)
        fitting: list[Case] = []
        for case in cases[:most]:
            size = part_tokens(self.task.example(case), answers)
            used, whole = used + size, whole + size
            if used > EXAMPLE_TOKENS or not self.room.holds(whole + HEADING):
                break
            fitting.append(case)
        return fitting


HEADING = 16
"""Tokens kept for the line above the examples."""
