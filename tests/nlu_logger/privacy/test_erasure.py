"""One person goes: what is removed, what stays, and the receipt that says both."""

import asyncio
from functools import partial
from uuid import UUID, uuid4

import asyncpg
import pytest
from nlu_logger.ground_truth import service as ground_truth
from nlu_shared.ids import uuid7

from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import until
from tests.nlu_logger.privacy.erasing import approved, erase, erased_after, last_erased
from tests.nlu_logger.world import HELLO, World, connected, opened


async def test_predictions_what_was_said_of_them_and_derived_cases_go(
    world: World, task: str
) -> None:
    ann, ben = uuid4(), uuid4()
    case = await approved(world, task, "my own words", ann)
    await world.log(task=task, user_id=str(ann))
    other = await world.log(task=task, user_id=str(ben))
    before = await last_erased(world)
    receipt = await erase(world, ann)
    assert receipt["removed"]["predictions"] == 2
    assert receipt["removed"]["corrections"] == 1
    assert receipt["erased_cases"] == [case]
    listed = (await world.admin.get("/v1/predictions", params={"task": task})).json()["items"]
    assert [one["id"] for one in listed] == [other]
    assert (await world.truth(task))[-1]["count"] == 0
    erasures = await erased_after(world, before)
    assert [(one["case_id"], one["task"], one["why"]) for one in erasures] == [
        (case, task, "erased")
    ]


async def test_induction_is_asked_to_consider_what_is_left(
    databases: Databases, servers: Servers, task: str
) -> None:
    async with opened(databases, servers, redis_url="redis://127.0.0.1:1") as world:
        person = uuid4()
        await approved(world, task, "mine", person)
        async with connected(world.database.owner_url) as owner:
            await owner.execute("DELETE FROM outbox")
            await erase(world, person)
            orders = await owner.fetch("SELECT job_id FROM outbox")
    assert [order["job_id"] for order in orders] == [f"consider:{task}"]


async def test_a_case_somebody_else_stands_behind_stays(world: World, task: str) -> None:
    ann, ben = uuid4(), uuid4()
    case = await approved(world, task, "hello there", ann)
    assert await approved(world, task, "Hello  there", ben) == case
    receipt = await erase(world, ann)
    assert (receipt["erased_cases"], receipt["shared_cases_kept"]) == ([], 1)
    assert (await world.truth(task))[-1]["count"] == 1
    assert (await erase(world, ben))["erased_cases"] == [case]


async def test_an_imported_case_is_nobodys(world: World, task: str) -> None:
    imported = {"task": task, "text": "hello there", "truth": "right"}
    await world.admin.post("/v1/ground-truth", json=imported)
    person = uuid4()
    await approved(world, task, "hello there", person)
    assert (await erase(world, person))["erased_cases"] == []
    assert (await world.truth(task))[-1]["count"] == 1


async def test_asked_again_the_receipt_is_the_same_until_something_new_arrives(
    world: World, task: str
) -> None:
    person = uuid4()
    await world.log(task=task, user_id=str(person))
    first = await erase(world, person)
    assert await erase(world, person) == first
    shown = await world.admin.get(f"/v1/users/erasures/{first['id']}")
    assert shown.json() == first
    await world.log(task=task, user_id=str(person))
    second = await erase(world, person)
    assert second["id"] != first["id"]
    assert second["removed"]["predictions"] == 1


async def test_somebody_unknown_gets_a_receipt_of_nothing(world: World) -> None:
    receipt = await erase(world, uuid4())
    assert set(receipt["removed"].values()) == {0}
    assert receipt["disclosures"] == []


async def test_a_person_with_many_rows_goes_at_once(
    world: World, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nlu_logger.privacy.service.ROWS_AT_ONCE", 7)
    person = uuid4()
    predictions = [
        HELLO | {"task": task, "prompt": f"{n}", "user_id": str(person)} for n in range(50)
    ]
    assert (await world.admin.post("/v1/predictions:batch", json=predictions)).status_code == 207
    await approved(world, task, "twice", person)
    await approved(world, task, "twice", person)
    receipt = await erase(world, person)
    assert receipt["removed"]["predictions"] == 52
    assert (len(receipt["erased_cases"]), receipt["shared_cases_kept"]) == (1, 0)


async def test_the_receipt_lists_what_was_handed_out_since_and_not_before(
    world: World, task: str
) -> None:
    person = uuid4()
    async with connected(world.database.owner_url) as owner, owner.transaction():
        await owner.execute("ALTER TABLE disclosures NO FORCE ROW LEVEL SECURITY")

        async def hand_out(days: int) -> UUID:
            disclosure = uuid7()
            await owner.execute(
                "INSERT INTO disclosures (id, at, kind, filters, recipient, destination)"
                " VALUES ($1, now() + make_interval(days => $2), 'retraining', '{}', 'key:k', $3)",
                disclosure,
                days,
                "/exports/week.jsonl",
            )
            return disclosure

        await hand_out(-1)
        after = await hand_out(1)
        await owner.execute("ALTER TABLE disclosures FORCE ROW LEVEL SECURITY")
    await world.log(task=task, user_id=str(person))
    (handed,) = (await erase(world, person))["disclosures"]
    assert (handed["id"], handed["destination"]) == (str(after), "/exports/week.jsonl")


async def test_end_users_erase_themselves_and_nobody_else(world: World, task: str) -> None:
    ann, ben = uuid4(), uuid4()
    async with world.user(ann) as hers, world.user(ben) as his:
        await hers.post("/v1/predictions", json=HELLO | {"task": task})
        refused = await his.delete(f"/v1/users/{ann}")
        assert refused.status_code == 403
        receipt = (await hers.delete(f"/v1/users/{ann}")).json()
        assert receipt["removed"]["predictions"] == 1
        assert (await hers.get("/v1/predictions")).json()["items"] == []
        path = f"/v1/users/erasures/{receipt['id']}"
        assert (await hers.get(path)).json() == receipt
        assert (await his.get(path)).status_code == 404


async def test_a_key_of_one_task_erases_nobody(world: World, task: str) -> None:
    async with await world.key("users:erase", tasks=[task]) as limited:
        assert (await limited.delete(f"/v1/users/{uuid4()}")).status_code == 403


async def test_nothing_that_is_left_names_the_person_or_says_what_they_said(
    world: World, task: str
) -> None:
    person, words = uuid4(), f"words of {uuid4()}"
    async with world.user(person) as theirs:
        prediction = HELLO | {"task": task, "prompt": words}
        log_id = (await theirs.post("/v1/predictions", json=prediction)).json()["log_id"]
        path = f"/v1/predictions/{log_id}"
        ended = {"was_successful": False, "execution_error": words}
        await theirs.post(f"{path}/outcome", json=ended)
        proposed = {"corrected_intent": "right", "correction_notes": words}
        correction = (await theirs.post(f"{path}/corrections", json=proposed)).json()["id"]
        assert (await world.approve(correction)).status_code == 200
        async with connected(world.database.owner_url) as owner:
            await owner.execute(
                "INSERT INTO audit_log (id, actor, action, subject)"
                " SELECT $1, 'user:' || $2, 'a.b', 'c'",
                uuid7(),
                str(person),
            )
        receipt = (await theirs.delete(f"/v1/users/{person}")).json()
    assert receipt["removed"]["audit_lines_renamed"] >= 1
    async with connected(world.database.owner_url) as owner:
        tables = await owner.fetch(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
            " AND relnamespace = 'public'::regnamespace AND NOT relispartition"
        )
        for (table,) in tables:
            for word in (str(person), words):
                left = await owner.fetchval(
                    f'SELECT count(*) FROM "{table}" AS t WHERE t::text LIKE $1', f"%{word}%"
                )
                assert left == 0, table


async def test_an_erasure_in_the_middle_of_work_breaks_nobody_elses(
    world: World, task: str
) -> None:
    """Whoever meets it finds the prediction or does not; nothing is left behind by halves."""
    person = uuid4()
    room = asyncio.Semaphore(6)  # fewer than connections: nobody is turned away for want of one

    async def at_work(number: int) -> set[int]:
        async with room:
            return await step(number)

    async def step(number: int) -> set[int]:
        statuses = set()
        text = f"text {number % 3}"
        prediction = HELLO | {"task": task, "prompt": text, "user_id": str(person)}
        logged = await world.admin.post("/v1/predictions", json=prediction)
        statuses.add(logged.status_code)
        path = f"/v1/predictions/{logged.json()['log_id']}"
        ended = await world.admin.post(f"{path}/outcome", json={"was_successful": True})
        corrected = await world.admin.post(f"{path}/corrections", json={"corrected_intent": "x"})
        statuses |= {ended.status_code, corrected.status_code}
        if corrected.status_code == 201:
            statuses.add((await world.approve(corrected.json()["id"])).status_code)
        return statuses

    async def erasing() -> set[int]:
        path = f"/v1/users/{person}"
        return {(await world.admin.delete(path)).status_code for _ in range(10)}

    statuses = await asyncio.gather(erasing(), *(at_work(number) for number in range(40)))
    assert set().union(*statuses) <= {200, 201, 404}
    await erase(world, person)
    assert (await world.truth(task))[-1]["count"] == 0


async def test_an_approval_that_waits_for_an_erasure_makes_no_case_of_what_it_took(
    world: World, task: str
) -> None:
    log_id = await world.log(task=task)
    async with connected(world.database.owner_url) as erasing:
        async with erasing.transaction():
            await erasing.execute(ground_truth.LOCK)
            # Said after the erasure took what was said of it, while the prediction still shows.
            approving = asyncio.create_task(world.approve(await world.correct(log_id, "right")))
            async with connected(world.database.owner_url) as watching:
                await until(partial(_waits_for_the_lock, watching))
            await erasing.execute("DELETE FROM nlu_prompt_logs WHERE id = $1", UUID(log_id))
        assert (await approving).status_code == 404
    assert (await world.truth(task))[-1]["count"] == 0


async def _waits_for_the_lock(watching: asyncpg.Connection) -> bool:
    waiting = """SELECT count(*) > 0 FROM pg_locks
        WHERE NOT granted AND locktype = 'advisory' AND database = (
            SELECT oid FROM pg_database WHERE datname = current_database())"""
    return bool(await watching.fetchval(waiting))


async def test_the_database_lets_an_eraser_reach_one_person_only(world: World, task: str) -> None:
    ann, ben = uuid4(), uuid4()
    for person in (ann, ben):
        await world.log(task=task, user_id=str(person))
    async with connected(world.database.app_url) as app:
        for person, gone in ((None, 0), (ann, 1)):
            async with app.transaction():
                await app.execute("SET LOCAL ROLE nlu_logger_eraser")
                await app.execute("SELECT set_config('app.user_id', $1, true)", str(person or ""))
                removed = await app.fetchval(
                    "SELECT (erase_person(100, NULL)->'counts'->>'predictions')::int"
                )
                assert removed == gone
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    async with app.transaction():
                        await app.fetch("SELECT * FROM nlu_prompt_logs")
    listed = (await world.admin.get("/v1/predictions", params={"task": task})).json()["items"]
    assert [one["user_id"] for one in listed] == [str(ben)]


@pytest.mark.parametrize("column", ["prediction_id", "item_id"])
async def test_a_table_of_a_room_to_come_is_reached_too(
    world: World, task: str, column: str
) -> None:
    ann, ben = uuid4(), uuid4()
    async with connected(world.database.owner_url) as owner:
        await owner.execute(f"CREATE TABLE remarks ({column} UUID)")
        try:
            for person in (ann, ben):
                log_id = UUID(await world.log(task=task, user_id=str(person)))
                await owner.execute("INSERT INTO remarks VALUES ($1)", log_id)
            assert (await erase(world, ann))["removed"]["remarks"] == 1
            assert await owner.fetchval("SELECT count(*) FROM remarks") == 1
        finally:
            await owner.execute("DROP TABLE remarks")


async def test_every_table_that_names_a_prediction_lets_the_owner_remove(world: World) -> None:
    """An erasure removes nothing, and says nothing, where row-level security hides rows."""
    async with connected(world.database.owner_url) as owner:
        closed = await owner.fetch(
            "SELECT named::text FROM tables_about_predictions()"
            " JOIN pg_class c ON c.oid = named WHERE c.relforcerowsecurity AND NOT EXISTS ("
            " SELECT FROM pg_policy p WHERE p.polrelid = named AND p.polcmd = '*'"
            " AND 'nlu_logger_owner'::regrole = ANY(p.polroles))"
        )
    assert closed == []
