"""Who changed what: lists of corrections, the history of a prediction, decisions on many."""

from nlu_shared.ids import uuid7

from tests.nlu_logger.reviews.test_claims import REVIEWER
from tests.nlu_logger.world import World, connected


async def test_the_history_of_a_prediction_tells_who_said_and_decided_what(
    world: World, task: str
) -> None:
    log_id = await world.log(task=task)
    async with await world.key(*REVIEWER) as reviewer:
        path = f"/v1/predictions/{log_id}"
        proposal = await reviewer.post(f"{path}/corrections", json={"corrected_intent": "x"})
        await reviewer.post(f"{path}/corrections", json={"corrected_intent": "x"})
        correction = proposal.json()["id"]
        for verb in ("reject", "reopen", "approve", "approve"):
            await world.admin.post(f"/v1/corrections/{correction}/{verb}", json={})
        confirmed = await reviewer.post(f"{path}/confirm", json={})
        lines = (await reviewer.get(f"{path}/history")).json()["items"]
        assert [(line["action"], line["subject"]) for line in lines] == [
            ("corrections.propose", correction),
            ("corrections.reject", correction),
            ("corrections.reopen", correction),
            ("corrections.approve", correction),
            ("corrections.confirm", confirmed.json()["id"]),
        ]
        assert lines[0]["actor"] == proposal.json()["author"] != lines[1]["actor"]
        first = (await reviewer.get(f"{path}/history", params={"limit": 3})).json()
        rest = {"limit": 3, "cursor": first["next_cursor"]}
        after = (await reviewer.get(f"{path}/history", params=rest)).json()
        assert first["items"] + after["items"] == lines
        assert after["next_cursor"] is None
        assert (await reviewer.get(f"/v1/predictions/{uuid7()}/history")).status_code == 404


async def test_corrections_are_listed_by_prediction_and_status_the_newest_first(
    world: World, task: str
) -> None:
    log_id = await world.log(task=task)
    one, two, three = [await world.correct(log_id, intent) for intent in ("a", "b", "c")]
    await world.admin.post(f"/v1/corrections/{two}/reject")

    async def listed(**params: str | int) -> list[str]:
        query = {"prediction_id": log_id, **params}
        answer = await world.admin.get("/v1/corrections", params=query)
        return [item["id"] for item in answer.json()["items"]]

    assert await listed() == [three, two, one]
    assert await listed(status="proposed") == [three, one]
    assert await listed(status="rejected") == [two]
    assert await listed(limit=1, cursor=three) == [two]
    async with await world.key(*REVIEWER, tasks=["another"]) as limited:
        query = {"prediction_id": log_id}
        assert (await limited.get("/v1/corrections", params=query)).json()["items"] == []


async def test_many_are_rejected_at_once_and_each_is_answered(world: World, task: str) -> None:
    logged = [await world.log(task=task, prompt=f"say {n}") for n in range(3)]
    ids = [await world.correct(log_id, "x") for log_id in logged]
    await world.approve(ids[1])
    body = {"correction_ids": [*ids, str(uuid7())]}
    items = (await world.admin.post("/v1/corrections:reject", json=body)).json()["items"]
    assert [one["status"] for one in items] == [200, 409, 200, 404]
    assert [one["code"] for one in items] == [None, "approved", None, "not_found"]


async def test_a_reviewer_reads_of_the_audit_log_only_what_reviews_wrote(
    world: World, task: str
) -> None:
    """The service role shows history; who made which key is not its business."""
    await world.correct(await world.log(task=task), "x")
    async with connected(world.database.app_url) as app, app.transaction():
        await app.execute("SET LOCAL ROLE nlu_logger_admin")
        await app.execute(
            "INSERT INTO audit_log (id, actor, action, subject) VALUES ($1, 'a', 'keys.make', 'k')",
            uuid7(),
        )
        await app.execute("SET LOCAL ROLE nlu_logger_service")
        rows = await app.fetch("SELECT DISTINCT action FROM audit_log")
    rooms = {row["action"].split(".")[0] for row in rows}
    assert "corrections" in rooms <= {"predictions", "corrections", "reviews"}
