"""Which change made each part of a prompt, and what that did to the cases. Pure.

Told from the contents of the lineage, not from edits: a part is what it is called, and a change
touched it when it stands there anew or reads differently. Cases come from the runs' own events;
one change is measured as a whole, so its parts share them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from nlu_shared.rendering import AnswerSpace, part_tokens, prompt_tokens
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.blame import Blame, BlamedChange, BlamedPart, Judged
from nlu_shared.schemas.prompts import Block, Example, PromptContent, Retrieval

BLOCK, EXAMPLE, BANK = "block", "example", "bank"
_Part = Block | Example | Retrieval
_Key = tuple[str, str, int]
"""What a part is known by through the versions: block, example or bank, its name or words, its
turn. A bank is one part, whatever it holds."""


@dataclass(frozen=True, slots=True)
class VersionStep:
    """A version and the change that made it out of the one before."""

    version_id: UUID
    content: PromptContent
    run_id: UUID | None = None
    iteration: int | None = None
    judged: Judged = Judged.UNKNOWN
    fixed: tuple[UUID, ...] = ()
    broke: tuple[UUID, ...] = ()


@dataclass(slots=True)
class _Trace:
    """The numbers of the changes that touched a part."""

    made_by: int | None = None
    edited_by: list[int] = field(default_factory=list)

    @property
    def changes(self) -> list[int]:
        return [*([self.made_by] if self.made_by is not None else []), *self.edited_by]


def blame(lineage: Sequence[VersionStep], answers: AnswerSpace) -> Blame:
    """Of the last version of a lineage, oldest first, which must not be empty. What the first
    version holds is imported. `answers`: what the version can be answered."""
    last = lineage[-1]
    parts = _parts(last.content)
    names = _names(parts)
    traces = {key: _Trace() for key in _parts(lineage[0].content)}
    changes: list[BlamedChange] = []
    for number, (before, after) in enumerate(pairwise(lineage), start=1):
        old, new = _parts(before.content), _parts(after.content)
        touched = [key for key in new if key not in old or _reads(old[key]) != _reads(new[key])]
        gone = [key for key in old if key not in new]
        for key in touched:
            if key in old:
                traces[key].edited_by.append(number)
            else:
                traces[key] = _Trace(made_by=number)
        touched_parts = [names.get(key) or _gone(key) for key in (*touched, *gone)]
        changes.append(_change(number, after, touched_parts))
    return Blame(
        version_id=last.version_id,
        tokens=prompt_tokens(last.content, answers),
        parts=list(_blamed(parts, traces, changes, answers)),
        changes=changes,
    )


def as_lines(blame: Blame) -> Iterator[str]:
    """The same for a terminal: a line per part, then a line per change."""
    yield f"{'tokens':>6} {'fixed':>5} {'broke':>5} {'net':>4}  part"
    for part in blame.parts:
        figures = f"{part.tokens:>6} {len(part.fixed):>5} {len(part.broke):>5} {part.net:>+4}"
        yield f"{figures}  {part.name}: {_origin(part)}"
    yield f"{blame.tokens:>6} tokens in all"
    for change in blame.changes:
        by = f"run {change.run_id}" if change.run_id else "a run that is not known"
        yield (
            f"change {change.n} ({by}, {change.judged.replace('_', ' ')}): fixed"
            f" {len(change.fixed)}, broke {len(change.broke)}: {', '.join(change.parts)}"
        )


def _origin(part: BlamedPart) -> str:
    origin = "imported" if part.made_by is None else f"made by change {part.made_by}"
    if part.edited_by:
        origin += f", edited by {', '.join(map(str, part.edited_by))}"
    return origin + (" (shared with other parts)" if part.is_shared else "")


def _parts(content: PromptContent) -> dict[_Key, _Part]:
    turns: Counter[tuple[str, str]] = Counter()
    parts: dict[_Key, _Part] = {}
    both: list[Block | Example] = [*content.instructions, *content.examples]
    for part in both:
        kind = (BLOCK, part.name) if isinstance(part, Block) else (EXAMPLE, _reads(part))
        parts[(*kind, turns[kind])] = part
        turns[kind] += 1
    if content.retrieval is not None:
        parts[BANK, BANK, 0] = content.retrieval
    return parts


def _reads(part: _Part) -> str:
    """All a model reads of it, or all that decides what it reads."""
    if isinstance(part, Retrieval):
        return digest(part.wording)
    return part.text if isinstance(part, Block) else part.content_key


def _names(parts: Mapping[_Key, _Part]) -> dict[_Key, str]:
    """Blocks by their names, examples by their indices, the bank by what it holds."""
    places = _places(parts)
    named = {key: f"example {places[key]}" if key in places else key[1] for key in parts}
    for key, part in parts.items():
        if isinstance(part, Retrieval):
            named[key] = f"bank of {len(part.bank)} examples, {part.k} a request"
    return named


def _gone(key: _Key) -> str:
    return "an example (gone)" if key[0] == EXAMPLE else f"{key[1]} (gone)"


def _places(parts: Mapping[_Key, _Part]) -> dict[_Key, int]:
    return {key: n for n, key in enumerate(key for key in parts if key[0] == EXAMPLE)}


def _change(number: int, step: VersionStep, parts: list[str]) -> BlamedChange:
    return BlamedChange(
        n=number,
        version_id=step.version_id,
        run_id=step.run_id,
        iteration=step.iteration,
        judged=step.judged,
        parts=parts,
        fixed=list(step.fixed),
        broke=list(step.broke),
    )


def _blamed(
    parts: Mapping[_Key, _Part],
    traces: Mapping[_Key, _Trace],
    changes: Sequence[BlamedChange],
    answers: AnswerSpace,
) -> Iterator[BlamedPart]:
    names, places = _names(parts), _places(parts)
    for key, part in parts.items():
        trace = traces[key]
        by = [changes[number - 1] for number in trace.changes]
        yield BlamedPart(
            name=names[key],
            block=part.name if isinstance(part, Block) else None,
            example=places.get(key),
            case_id=part.case_id if isinstance(part, Example) else None,
            bank=len(part.bank) if isinstance(part, Retrieval) else None,
            tokens=part_tokens(part, answers),
            made_by=trace.made_by,
            edited_by=trace.edited_by,
            is_shared=any(len(change.parts) > 1 for change in by),
            fixed=_each_once(change.fixed for change in by),
            broke=_each_once(change.broke for change in by),
            net=sum(len(change.fixed) - len(change.broke) for change in by),
        )


def _each_once(lists: Iterable[list[UUID]]) -> list[UUID]:
    return list(dict.fromkeys(one for some in lists for one in some))
