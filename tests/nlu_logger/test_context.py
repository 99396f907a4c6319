"""A case keeps what stands before it, from the one who sends it to the one who learns from it."""

CONTEXT = {
    "before": [{"speaker": "expert", "text": "Who was Ruth?"}, {"text": "My mother."}],
    "known": {"people": [{"id": 1, "name": "Ruth"}]},
}
