"""What the server keeps between requests; nothing here can change an answer's text."""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Mapping
from typing import Any

from offline_model.wire import MessagesRequest, tokens

MOST_PREFIXES = 512


class PromptCache:
    """Which system prefixes ending in `cache_control` were seen, per model, for usage figures.

    Unlike the provider's, it forgets by count and not by time, and takes short prefixes too.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, ...], None] = OrderedDict()

    def usage(self, request: MessagesRequest) -> dict[str, int]:
        """Input tokens read from the longest prefix seen, written up to the last mark, and rest."""
        texts = [block.text for block in request.blocks]
        marks = [end for end, block in enumerate(request.blocks, 1) if block.cache_control]
        keys = {end: (request.model, *texts[:end]) for end in marks}
        hit = max((end for end in marks if keys[end] in self._seen), default=0)
        for key in keys.values():
            self._seen[key] = None
            self._seen.move_to_end(key)
        while len(self._seen) > MOST_PREFIXES:
            self._seen.popitem(last=False)
        last = max(marks, default=0)
        counts = [tokens(text) for text in texts]
        return {
            "input_tokens": sum(counts[last:])
            + sum(tokens(turn.text) for turn in request.messages),
            "cache_creation_input_tokens": sum(counts[hit:last]),
            "cache_read_input_tokens": sum(counts[:hit]),
        }


class Calls:
    """How often requests came and were answered, by SHA-256 of the body, and the tokens of all
    messages that were made, by model; nothing is forgotten."""

    def __init__(self) -> None:
        self.arrived: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.usage: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.batch_usage: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def arrive(self, digest: str) -> int:
        """Which arrival of this very request this is, from 1."""
        self.arrived[digest] += 1
        return self.arrived[digest]

    def count(self, model: str, usage: Mapping[str, Any], *, batched: bool = False) -> None:
        """A message with that usage was made."""
        counted = self.batch_usage if batched else self.usage
        counted[model].update(
            {name: value for name, value in usage.items() if isinstance(value, int)}
        )
