"""A model for machines without a key: an ASGI app that speaks the Messages API.

It is no language model. Call for one of several labels it compares words, and knows nothing but
the request: label names, the lines about labels and the examples in the prompt. Call for people
and events it does the same clause by clause, takes capitalised words for names, and fills an event
by the places of the names as examples like it do. Call for a change to a prompt it assembles one
from the mistakes it is shown. It understands no sentence, no negation and no language; what
improves its prompts shows that the loop works, not how a language model would take the same words.
"""

ABOUT = (
    "Offline model: a small in-context learner behind the Messages API. It compares words with the "
    "labels, rules and examples of the prompt it is sent and knows nothing else. It is not a "
    "language model: no grammar, no negation, no world knowledge, no text of its own. It answers "
    "one-of-these-labels questions, codes events of the kinds it is told, and proposes changes to "
    "such prompts; everything else is a 400."
)
