"""Who wrote what of a run, and who may have: kept by triggers in the database itself, which no
worker knows of. Each worker has a login of its own, so that the database can tell them apart."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg

from tests.fixtures.databases import PASSWORD, Clone

PROBES_FROM = 1_000_000
_SCHEMA = f"""
CREATE TABLE storm_claims (
    run_id uuid, fence int, login text, at timestamptz, status text, lease_until timestamptz
);
CREATE TABLE storm_writes (run_id uuid, fence int, login text, source text);
CREATE TABLE storm_reservations (run_id uuid, key text, sample int, is_settled boolean);

CREATE FUNCTION storm_claim() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO storm_claims VALUES (
        NEW.id, NEW.fence, session_user, clock_timestamp(), OLD.status, OLD.lease_until
    );
    RETURN NULL;
END $$;
CREATE TRIGGER storm_claim AFTER UPDATE ON runs FOR EACH ROW
    WHEN (NEW.fence <> OLD.fence) EXECUTE FUNCTION storm_claim();

CREATE FUNCTION storm_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO storm_writes
        SELECT id, fence, session_user, TG_TABLE_NAME FROM runs WHERE id = NEW.run_id;
    RETURN NULL;
END $$;
CREATE TRIGGER storm_write AFTER INSERT OR UPDATE ON llm_calls FOR EACH ROW
    EXECUTE FUNCTION storm_write();
CREATE TRIGGER storm_write AFTER INSERT OR UPDATE ON run_events FOR EACH ROW
    EXECUTE FUNCTION storm_write();
CREATE TRIGGER storm_write AFTER INSERT OR UPDATE ON run_inbox FOR EACH ROW
    EXECUTE FUNCTION storm_write();

CREATE FUNCTION storm_reserve() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO storm_reservations SELECT NEW.run_id, NEW.key, NEW.sample, EXISTS (
        SELECT FROM llm_calls AS other WHERE other.key = NEW.key AND other.sample = NEW.sample
            AND other.provider = NEW.provider AND other.adapter = NEW.adapter
            AND other.epoch = NEW.epoch AND NEW.sample < {PROBES_FROM}
            AND (other.run_id = NEW.run_id AND other.outcome IS NOT NULL
                OR other.outcome = 'ok' AND NOT other.cached)
    );
    RETURN NULL;
END $$;
CREATE TRIGGER storm_reserve_first AFTER INSERT ON llm_calls FOR EACH ROW
    WHEN (NEW.attempts > 0) EXECUTE FUNCTION storm_reserve();
CREATE TRIGGER storm_reserve_again AFTER UPDATE ON llm_calls FOR EACH ROW
    WHEN (NEW.attempts > OLD.attempts) EXECUTE FUNCTION storm_reserve();
"""
_FINDINGS = """
SELECT
    (SELECT count(*) FROM storm_reservations) AS reservations,
    (SELECT count(*) FROM storm_reservations WHERE is_settled) AS settled_asked_again,
    (SELECT count(*) FROM storm_claims) AS claims,
    (SELECT count(*) FROM storm_claims WHERE status = 'running' AND lease_until >= at) AS stolen,
    (SELECT count(*) FROM storm_claims AS one JOIN storm_claims AS other
        USING (run_id, fence) WHERE one.ctid < other.ctid) AS claimed_twice,
    (SELECT count(*) FROM storm_writes) AS writes,
    (SELECT count(*) FROM storm_writes LEFT JOIN storm_claims USING (run_id, fence, login)
        WHERE storm_claims.run_id IS NULL) AS strange_writes
"""


@dataclass(frozen=True)
class Findings:
    """Counts over the whole storm.

    reservations: of calls, each one attempt that may be sent.
    settled_asked_again: those of calls that had an answer, in this run or another.
    stolen: claims of a run whose lease had not run out.
    claimed_twice: fences that two claims got.
    strange_writes: those under a fence by a worker that had not claimed it.
    """

    reservations: int
    settled_asked_again: int
    claims: int
    stolen: int
    claimed_twice: int
    writes: int
    strange_writes: int


async def install(database: Clone) -> None:
    owner = await asyncpg.connect(database.owner_url)
    try:
        await owner.execute(_SCHEMA)
    finally:
        await owner.close()


async def findings(database: Clone) -> Findings:
    owner = await asyncpg.connect(database.owner_url)
    try:
        return Findings(**await owner.fetchrow(_FINDINGS))
    finally:
        await owner.close()


async def login(database: Clone, name: str) -> str:
    """The database under a new login with the rights of the services'."""
    parts = urlsplit(database.app_url)
    admin = await asyncpg.connect(database.admin_url)
    try:
        rights = f"LOGIN PASSWORD '{PASSWORD}' IN ROLE {parts.username}"
        await admin.execute(f"CREATE ROLE {name} {rights}")
    finally:
        await admin.close()
    return parts._replace(netloc=f"{name}:{PASSWORD}@{parts.hostname}:{parts.port}").geturl()
