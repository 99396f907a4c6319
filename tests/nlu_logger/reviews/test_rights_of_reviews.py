"""What each database role may do with the rooms of a review, whatever the service does."""

import asyncpg
import pytest

from tests.nlu_logger.world import World, connected


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("user", "SELECT * FROM selections"),
        ("user", "SELECT * FROM claims"),
        ("user", "SELECT * FROM findings"),
        ("user", "SELECT * FROM truth_conflicts"),
        ("user", "SELECT * FROM audit_log"),
        ("service", "UPDATE selections SET probability = 1"),
        ("service", "INSERT INTO truth_conflicts SELECT * FROM truth_conflicts"),
        ("service", "INSERT INTO cleared_cases SELECT * FROM cleared_cases"),
        ("service", "UPDATE findings SET note = ''"),
        ("reviewer", "DELETE FROM selections"),
        ("reviewer", "DELETE FROM claims"),
        ("reviewer", "UPDATE truth_conflicts SET truth = '1'"),
        ("admin", "UPDATE selections SET probability = 1"),
        ("writer", "SELECT * FROM selections"),
        ("job", "SELECT * FROM truth_conflicts"),
    ],
)
async def test_no_role_has_more_rights_in_reviews_than_it_needs(
    world: World, role: str, statement: str
) -> None:
    async with connected(world.database.app_url) as app, app.transaction():
        await app.execute(f"SET LOCAL ROLE nlu_logger_{role}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with app.transaction():
                await app.execute(statement)


async def test_row_security_is_forced_on_every_table_of_reviews(world: World) -> None:
    async with connected(world.database.owner_url) as owner:
        unbound = await owner.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relname IN ('selections', 'claims', 'findings', 'cleared_cases',"
            " 'truth_conflicts') AND NOT (relrowsecurity AND relforcerowsecurity)"
        )
    assert unbound == []


@pytest.mark.parametrize(
    "change", ["status = 'approved'", "ground_truth_id = gen_random_uuid()", "author = 'key:other'"]
)
async def test_who_takes_back_a_correction_cannot_approve_one(world: World, change: str) -> None:
    correction = await world.correct(await world.log(), "leave")
    async with connected(world.database.app_url) as app, app.transaction():
        await app.execute("SET LOCAL ROLE nlu_logger_service")
        await app.execute("UPDATE corrections SET status = 'rejected' WHERE id = $1", correction)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(f"UPDATE corrections SET {change} WHERE id = $1", correction)
