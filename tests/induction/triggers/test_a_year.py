"""A year of approvals, falling scores and people, against the rules: no loops, no money over the
month's cap, and no score below the threshold that is ignored for longer than the rules say."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st
from induction.triggers.policy import (
    AutomaticRun,
    Decision,
    Facts,
    LastRun,
    Live,
    Loop,
    Money,
    decide,
    is_low,
    loop_of,
    not_before,
    promised,
)
from induction.triggers.queries import MOST_RUNS
from nlu_shared.schemas.triggers import AutoTrigger

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
MOST = 10.0
"""Dollars an automatic run is promised."""


@dataclass(frozen=True)
class Pattern:
    """How hostile the world is. Shares are 0 to 1."""

    seed: int
    rules: AutoTrigger
    gaps: tuple[float, ...]  # hours between bursts of approvals, in turn
    burst: int  # considerations at once
    run_hours: float
    gains: tuple[float | None, ...]  # of runs, in turn; None: it fails
    spends: tuple[float, ...]  # of what it was promised, in turn
    cap: float
    look_share: float  # of considerations before which a person looks
    reset_share: float  # and resets
    scores: tuple[float | None, ...]  # live, in turn; None: unknown
    withdrawn_share: float  # of bursts that take cases away and bring the same set back


@dataclass
class World:
    """What the rules see, moved by them."""

    pattern: Pattern
    now: datetime = BEGIN
    cases: int = 15
    version: int = 0
    runs: list[AutomaticRun] = field(default_factory=list)
    last: LastRun | None = None
    ends_at: datetime | None = None
    looked_at: datetime | None = None
    reset_at: datetime | None = None
    spent: dict[tuple[int, int], float] = field(default_factory=dict)
    starts: list[tuple[datetime, Loop]] = field(default_factory=list)
    looks: list[datetime] = field(default_factory=list)

    @property
    def month(self) -> tuple[int, int]:
        return self.now.year, self.now.month

    @property
    def loop(self) -> Loop:
        newest = self.runs[:MOST_RUNS]
        return loop_of(self.pattern.rules, newest, looked_at=self.looked_at, reset_at=self.reset_at)

    def facts(self, score: float | None) -> Facts:
        left = self.pattern.cap - self.spent.get(self.month, 0.0)
        return Facts(
            now=self.now,
            cases=self.cases,
            dataset_hash=str(self.version),
            is_active=self.ends_at is not None and self.now < self.ends_at,
            has_baseline=True,
            unanswerable=None,
            live=Live(score, "a score"),
            last=self.last and replace(self.last, same=self.last.dataset_hash == str(self.version)),
            loop=self.loop,
            money=Money(left=left, needed=0.0, cap=self.pattern.cap),
        )

    def start(self, facts: Facts) -> None:
        number = len(self.starts)
        pattern = self.pattern
        gain = pattern.gains[number % len(pattern.gains)]
        spent = pattern.spends[number % len(pattern.spends)] * promised(facts.money, most=MOST)
        # As the ledger holds it: a run spends within what it was promised, in the month it runs in.
        self.spent[self.month] = self.spent.get(self.month, 0.0) + spent
        self.starts.append((self.now, facts.loop))
        self.ends_at = self.now + timedelta(hours=pattern.run_hours)
        self.runs.insert(0, AutomaticRun(self.now, is_over=False, gain=gain))
        self.last = LastRun(
            started_at=self.now,
            cases=self.cases,
            dataset_hash=str(self.version),
            same=False,
            waiting=False,
        )

    def settle(self) -> None:
        if self.ends_at is not None and self.now >= self.ends_at:
            self.runs[0] = replace(self.runs[0], is_over=True)


RULES = st.builds(
    AutoTrigger,
    enabled=st.just(True),
    f1_threshold=st.sampled_from([0.0, 0.75, 1.0]),
    min_cases=st.integers(1, 40),
    min_new_cases=st.integers(0, 20),
    cooldown_hours=st.sampled_from([0.0, 0.5, 24.0, 200.0]),
    max_consecutive=st.integers(1, 5),
    min_gain=st.sampled_from([0.005, 0.05]),
)
SHARE = st.floats(0, 1)
PATTERNS = st.builds(
    Pattern,
    seed=st.integers(0, 2**32),
    rules=RULES,
    gaps=st.lists(
        st.sampled_from([0.0, 0.05, 6.0, 30.0, 200.0]), min_size=1, max_size=5
    ).map(tuple),
    burst=st.integers(1, 8),
    run_hours=st.sampled_from([0.0, 0.3, 30.0]),
    gains=st.lists(
        st.sampled_from([None, -0.1, 0.0, 0.0049, 0.2]), min_size=1, max_size=5
    ).map(tuple),
    spends=st.lists(SHARE, min_size=1, max_size=3).map(tuple),
    cap=st.sampled_from([0.0, 5.0, 37.0, 100.0]),
    look_share=st.sampled_from([0.0, 0.001, 0.05, 1.0]),
    reset_share=st.sampled_from([0.0, 0.001, 0.05]),
    scores=st.lists(
        st.sampled_from([None, 0.2, 0.7499, 0.75, 0.99]), min_size=1, max_size=6
    ).map(tuple),
    withdrawn_share=st.sampled_from([0.0, 0.5, 1.0]),
)  # fmt: skip
MOST_BURSTS = 400


UNSEEN = Pattern(
    seed=1,
    rules=AutoTrigger(enabled=True),
    gaps=(30.0,),
    burst=2,
    run_hours=1.0,
    gains=(0.2,),
    spends=(0.1,),
    cap=100.0,
    look_share=0.0,
    reset_share=0.0,
    scores=(0.2,),
    withdrawn_share=0.0,
)
"""All runs gain, and nobody ever looks."""


@settings(max_examples=60)
@example(UNSEEN)
@given(PATTERNS)
def test_a_hostile_year_never_loops_never_overspends_and_ignores_no_low_score(
    pattern: Pattern,
) -> None:
    world, chance = World(pattern), Random(pattern.seed)
    # Where all approvals come in one go, less than a year of them is played.
    for number in range(MOST_BURSTS):
        world.now += timedelta(hours=pattern.gaps[number % len(pattern.gaps)])
        if world.now > BEGIN + YEAR:
            break
        world.settle()
        if chance.random() < pattern.withdrawn_share:
            world.cases, world.version = max(0, world.cases - 3), world.version // 2
        else:
            world.cases, world.version = world.cases + chance.randint(0, 3), world.version + 1
        if chance.random() < pattern.look_share:
            world.looked_at = world.now
            world.looks.append(world.now)
        if chance.random() < pattern.reset_share:
            world.looked_at = world.reset_at = world.now
            world.looks.append(world.now)
        score = pattern.scores[number // 10 % len(pattern.scores)]
        for _ in range(pattern.burst):
            facts = world.facts(score)
            decision = decide(pattern.rules, facts)
            _not_ignored(pattern.rules, facts, decision)
            if decision.start:
                world.start(facts)
                world.settle()
    _no_loops(world)
    assert all(spent <= pattern.cap + 1e-9 for spent in world.spent.values())


def _not_ignored(rules: AutoTrigger, facts: Facts, decision: Decision) -> None:
    """A low score starts a run the moment the wait is over, unless a rule with a reason stops it:
    told here in other words than the policy's."""
    if not is_low(rules, facts.live):
        return
    money = facts.money
    may = (
        facts.cases >= rules.min_cases
        and not facts.is_active
        and money is not None
        and money.left > 0
        and facts.loop.gainless < rules.max_consecutive
        and facts.loop.unseen < rules.max_consecutive
        and not (facts.last is not None and facts.last.same)
    )
    waited = facts.last is None or facts.now >= not_before(rules, facts.last.started_at, facts.loop)
    assert decision.start is (may and waited)
    if may and not waited:
        assert decision.reasons[0].startswith(("cooldown until", "backoff until"))


def _no_loops(world: World) -> None:
    """Between two looks of a person at most `max_consecutive` automatic runs, and between two
    starts at least the cooldown, doubled for each run in a row that gained too little."""
    rules = world.pattern.rules
    # A person looks before the considerations of the same moment.
    for since, until in pairwise([BEGIN, *world.looks, datetime.max.replace(tzinfo=UTC)]):
        between = sum(since <= at < until for at, _ in world.starts)
        assert between <= rules.max_consecutive
    for (before, _), (after, loop) in pairwise(world.starts):
        doubled = rules.cooldown_hours * 2**loop.gainless
        assert after - before >= timedelta(hours=doubled)
        assert loop.gainless < rules.max_consecutive
        assert loop.unseen < rules.max_consecutive
