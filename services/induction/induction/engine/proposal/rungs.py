"""The rungs of the ladder: prompts that show no cases, one a stratum, a few, all that fit.

How many examples help depends on the model. Scores of large models mostly rise with their number
into the hundreds (Agarwal et al., Many-Shot In-Context Learning, NeurIPS 2024); a small one may do
best with one a label and lose all of it with sixty. So none is believed in, and all are measured.
A rung is made by no proposer and aimed at no mistake in particular.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from nlu_shared.rendering import example_tokens, part_tokens, prompt_tokens
from nlu_shared.schemas.prompts import MOST_EDITS, Change, Edit, Op, PromptContent, Strategy
from nlu_shared.schemas.retrieval import RetrievalEdit

from induction.engine.data.room import UNBOUNDED, Room
from induction.engine.leak_guard.screen import EXAMPLE_TOKENS
from induction.engine.proposal import banked, edits, selection
from induction.engine.proposal.selection import Order, Ranked
from induction.task_kinds.base import Case, Task

BETWEEN = 0.7
"""A rung between one a stratum and all shows at most this share of all, else it tells nothing."""
FACTOR = 3
"""By how much one rung shows more than the one before."""
MOST_BETWEEN = 6
"""Rungs between one a stratum and all: enough for any task, and what a forecast counts with."""
MOST_KINDS = 2 + 1 + MOST_BETWEEN
"""All that fit, without own examples, one a stratum, and those between."""
FEWEST, BANK, SMALLER_BANK = "1 of each", "bank", "smaller bank"
"""Kinds that the ladder knows by name. Smaller banks have no first draw."""
DRAWS = {1: 5, FACTOR: 3}
"""How many draws of a rung are worth a look, by the examples of each stratum. The fewer cases are
shown, the more it matters which."""
OTHER_DRAWS = 2
"""Of other rungs, where they are a choice at all."""


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
    kind: what all draws of it have in common.
    draw: which choice of as many cases, or which of a bank's sizes, from 1.
    """

    change: Change
    content: PromptContent
    cases: tuple[Case, ...]
    keeps_own: bool
    order: Order = Order.IN_TURN
    is_banked: bool = False
    kind: str = ""
    draw: int = 1


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
    """The first draw of each kind: all that fit, the nearest of a bank where banks are tried, one a
    stratum, none, three a stratum, nine, …; then the further ones, those of fewest cases first, and
    banks of other sizes."""
    ranked = partial(selection.ranked, maker.task, quotable, seed=seed)
    strata = ranked()
    most = maker.drawn(strata, None, draw=1)
    yield most
    every = selection.in_turn(strata)
    banks = list(maker.banks(every, len(strata))) if retrieval else []
    yield from banks[:1]
    yield maker.drawn(strata, 1, draw=1)
    if maker.prompt.all_examples:
        yield maker.rung([], "Without the prompt's own examples.", keeps_own=False)
    largest = len(most.cases) if most is not None else 0
    counts = [1]
    while counts[-1] * FACTOR * len(strata) <= BETWEEN * largest and len(counts) <= MOST_BETWEEN:
        counts.append(counts[-1] * FACTOR)
        yield maker.drawn(strata, counts[-1], draw=1)
    some_fit = largest < len(maker.fresh(every, maker.prompt))
    for draw in range(2, 1 + max(DRAWS.values())):
        drawn = ranked(draw=draw)
        for count in [*counts, *([None] if some_fit else [])]:
            if draw <= DRAWS.get(count or 0, OTHER_DRAWS):
                yield maker.drawn(drawn, count, draw=draw)
    yield from banks[1:]


@dataclass(frozen=True, slots=True)
class _Maker:
    task: Task
    prompt: PromptContent
    room: Room

    def drawn(self, strata: Ranked, count: int | None, *, draw: int) -> Rung | None:
        """So many of each stratum, or as many as fit beside the prompt's own."""
        cases, of_each = selection.in_turn(strata, count), self.task.stratum_in_words
        what = f"Shows {{}} training cases, of each {of_each} in turn"
        if count is not None:
            what = f"Shows {{}} training cases, {count} of each {of_each}"
        what += f", choice {draw}." if draw > 1 else "."
        made = self.rung(cases, what, keeps_own=count is None)
        return None if made is None else replace(made, kind=f"{count or 'all'} of each", draw=draw)

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
        shown = self._fitting(bare, self.fresh(cases, bare), MOST_EDITS - len(gone))
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
        """With a bank of the cases, of which each request shows some after the fixed ones, alone
        where there is no room for those, and as few as there is room for where that is little; and
        smaller banks. None where the prompt has a bank of its own.

        every: those that may be quoted, one of each stratum in turn.
        strata: that there are.
        """
        if self.prompt.retrieval is not None:
            return
        fixed, bank = banked.parted(self.task, self.fresh(every, self.prompt), strata=strata)
        alone = (*fixed, *bank)
        fewer = range(banked.SIZES[0] - 1, 0, -1)
        large = (
            self._sized(fixed, bank, banked.SIZES)
            or self._sized((), alone, banked.SIZES)
            or self._sized((), alone, fewer)[:1]
        )
        yield from _draws(BANK, large, first=1)
        yield from _draws(SMALLER_BANK, self._sized((), alone, banked.SMALLER), first=2)

    def _sized(
        self, fixed: Sequence[Case], bank: Sequence[Case], sizes: Iterable[int]
    ) -> list[Rung]:
        made = (self._banked(fixed, bank, k) for k in sizes)
        return [one for one in made if one is not None]

    def _banked(self, fixed: Sequence[Case], bank: Sequence[Case], k: int) -> Rung | None:
        """After the fixed ones k chosen from the bank; None where they do not fit."""
        settings = banked.settings(self.task, bank, k)
        if settings is None:
            return None
        cases = tuple(case.id for case in bank)
        retrieval = RetrievalEdit(**settings.model_dump(), cases=cases)
        content, change = self._changed(
            [
                *(Edit(op=Op.ADD_EXAMPLE, case=case.id) for case in fixed),
                Edit(op=Op.SET_RETRIEVAL, retrieval=retrieval),
            ],
            f"Shows for each text the {k} nearest of {len(bank)} training cases, after"
            f" {len(fixed)} fixed ones.",
            [*fixed, *bank],
        )
        if not self.room.holds(prompt_tokens(content, self.task.answers)):
            return None
        return Rung(change, content, tuple(fixed), keeps_own=True, is_banked=True)

    def fresh(self, cases: Sequence[Case], bare: PromptContent) -> list[Case]:
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


def _draws(kind: str, rungs: Iterable[Rung], *, first: int) -> Iterator[Rung]:
    for draw, one in enumerate(rungs, start=first):
        yield replace(one, kind=kind, draw=draw)
