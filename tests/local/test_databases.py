"""The factory of test databases: what one test writes, no other reads."""

import asyncpg

from tests.fixtures.databases import Databases


async def test_two_clones_share_nothing_and_the_app_login_enters_both(databases: Databases) -> None:
    clones = [await databases.clone("induction") for _ in range(2)]
    owner = await asyncpg.connect(clones[0].owner_url)
    await owner.execute("CREATE TABLE only_here ()")
    await owner.close()

    exists = []
    for clone in clones:
        app = await asyncpg.connect(clone.app_url)
        exists.append(await app.fetchval("SELECT to_regclass('only_here') IS NOT NULL"))
        await app.close()
    assert exists == [True, False]
