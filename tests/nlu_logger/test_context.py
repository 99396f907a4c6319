"""A case keeps what stands before it: the conversation, and the items already known."""

import json
from typing import Any

from nlu_shared.schemas.ground_truth import GroundTruthCase, case_hash

from tests.nlu_logger.world import World

CONTEXT = {
    "before": [{"speaker": "expert", "text": "Who was Ruth?"}, {"text": "My mother."}],
    "known": {"people": [{"id": 1, "name": "Ruth"}]},
}


async def sent(world: World, task: str, truth: Any, context: Any) -> int:
    case = {"task": task, "text": "She died.", "truth": truth, "context": context}
    return (await world.admin.post("/v1/ground-truth", json=case)).status_code


async def test_a_context_comes_back_as_it_was_said_and_is_part_of_the_hash(
    world: World, task: str
) -> None:
    assert await sent(world, task, {"delete": [1]}, CONTEXT) == 201
    line, _ = await world.truth(task)
    case = GroundTruthCase.model_validate(line)
    assert case.context is not None
    assert case.context.short == CONTEXT
    fields = case.model_dump(exclude={"id", "hash", "context"})
    assert case.hash == case_hash(**fields, context=CONTEXT) != case_hash(**fields)


async def test_the_same_words_after_other_words_are_another_case(world: World, task: str) -> None:
    assert await sent(world, task, {"delete": [1]}, CONTEXT) == 201
    assert await sent(world, task, {}, {"before": [{"text": "And the cat?"}]}) == 201
    assert await sent(world, task, {}, None) == 201
    assert await sent(world, task, {}, {}) == 201  # an empty context is none
    assert await sent(world, task, {}, CONTEXT) == 409
    assert (await world.truth(task))[-1]["count"] == 3


async def test_a_discussion_is_imported_with_what_was_said_before(world: World, task: str) -> None:
    coded = {"people": [{"id": -1, "name": "Ruth"}]}
    later = {"events": [{"id": -2, "kind": "death", "person": -1}]}
    discussion = {
        "discussion": {"id": 7},
        "statements": [
            {"id": 1, "text": "Tell me.", "speaker_type": "expert"},
            *(
                {
                    "id": number,
                    "text": text,
                    "approved_feedback": {"approved": True, "edited_extraction": edited},
                }
                for number, text, edited in ((2, "My mother is Ruth.", coded), (3, "Died.", later))
            ),
        ],
    }
    answer = await world.admin.post(
        "/v1/ground-truth:import",
        params={"task": task},
        content=json.dumps(discussion),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 207, answer.text
    cases = {case["text"]: case for case in (await world.truth(task))[:-1]}
    first = cases["My mother is Ruth."]["context"]
    assert first["before"] == [{"speaker": "expert", "text": "Tell me."}]
    assert first["known"] is None
    second = cases["Died."]
    assert [turn["text"] for turn in second["context"]["before"]] == [
        "Tell me.",
        "My mother is Ruth.",
    ]
    assert second["context"]["known"] == {"people": [{"id": 1, "name": "Ruth"}]}
    assert second["truth"] == {"events": [{"id": -2, "kind": "death", "person": 1}]}
