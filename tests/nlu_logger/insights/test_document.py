"""The document's three monitoring queries, and the numbers that say the same by HTTP."""

from typing import Any

from tests.nlu_logger.world import World, connected

# The document's monitoring queries, word for word.
DOCUMENT = [
    """
SELECT
    ROUND(confidence::numeric, 1) as conf_bucket,
    COUNT(*) as count
FROM nlu_prompt_logs
WHERE created_at > NOW() - INTERVAL '7 days'
GROUP BY conf_bucket
ORDER BY conf_bucket DESC;
""",
    """
SELECT
    predicted_intent,
    COUNT(*) as count,
    AVG(confidence) as avg_conf,
    COUNT(corrected_intent) as corrections
FROM nlu_prompt_logs
WHERE created_at > NOW() - INTERVAL '7 days'
GROUP BY predicted_intent
ORDER BY count DESC;
""",
    """
SELECT
    predicted_intent,
    COUNT(*) as total,
    COUNT(CASE WHEN was_successful = TRUE THEN 1 END) as successes,
    ROUND(100.0 * COUNT(CASE WHEN was_successful = TRUE THEN 1 END) / COUNT(*), 1) as success_rate
FROM nlu_prompt_logs
WHERE was_successful IS NOT NULL
GROUP BY predicted_intent
ORDER BY success_rate ASC;
""",
]


async def insight(world: World, number: str, **params: Any) -> Any:
    answer = await world.admin.get(f"/v1/insights/{number}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_documents_queries_run_verbatim_and_the_endpoints_say_the_same(
    world: World, task: str
) -> None:
    for confidence, ended in ((0.92, True), (0.67, False), (0.67, None)):
        log_id = await world.log(task=task, predicted_intent="plan", confidence=confidence)
        if ended is not None:
            path = f"/v1/predictions/{log_id}/outcome"
            await world.admin.post(path, json={"was_successful": ended})
    await world.correct(log_id, "other")
    async with connected(world.database.owner_url) as owner:
        buckets, intents, outcomes = [await owner.fetch(query) for query in DOCUMENT]
    confidence = (await insight(world, "confidence"))["items"]
    assert [(one["conf_bucket"], one["count"]) for one in confidence] == [
        (float(row["conf_bucket"]), row["count"]) for row in buckets
    ]
    assert (await insight(world, "intents"))["items"] == [dict(row) for row in intents]
    rates = {
        row["predicted_intent"]: (row["total"], row["successes"], float(row["success_rate"]))
        for row in outcomes
    }
    assert rates == {
        one["predicted_intent"]: (
            one["total"],
            one["successes"],
            round(100 * one["success_rate"]["value"], 1),
        )
        for one in (await insight(world, "outcomes"))["items"]
    }
    (plan,) = (await insight(world, "outcomes", task=task))["items"]
    assert plan["success_rate"]["low"] < 0.5 < plan["success_rate"]["high"]
