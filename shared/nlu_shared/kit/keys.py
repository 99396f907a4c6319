"""API keys by HTTP, the same on both services."""

from uuid import UUID

from fastapi import APIRouter

from nlu_shared.kit import auth
from nlu_shared.kit.deps import DbSession, requires
from nlu_shared.schemas.keys import KeyIn, KeyMade, KeyView

router = APIRouter(prefix="/v1/admin/keys", tags=["admin"], dependencies=[requires(auth.ADMIN)])


@router.post("", status_code=201)
async def create_key(asked: KeyIn, session: DbSession) -> KeyMade:
    return await auth.create_key(session, asked)


@router.get("")
async def list_keys(session: DbSession) -> list[KeyView]:
    return await auth.list_keys(session)


@router.delete("/{key_id}", status_code=204)
async def revoke_key(key_id: UUID, session: DbSession) -> None:
    await auth.revoke_key(session, key_id)
