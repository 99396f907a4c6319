"""Erasure by HTTP: one person goes, the receipt stays."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi import Path as InPath
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.http.deps import CallerDep, requires
from nlu_shared.kit.http.openapi import UNKNOWN_IS_EMPTY
from nlu_shared.kit.settings import secret
from nlu_shared.schemas.privacy import ErasureReceipt
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.migrations import ERASER
from nlu_logger.privacy import service

router = APIRouter(prefix="/v1/users", tags=["privacy"], dependencies=[requires("users:erase")])
ErasureId = Annotated[UUID, InPath(description="the receipt")]
UserId = Annotated[UUID, InPath(description="the person")]


async def _about(
    user_id: UserId, request: Request, caller: CallerDep
) -> AsyncIterator[AsyncSession]:
    service.check_person(caller, user_id)
    async with session_scope(_database(request), Identity(ERASER, user_id)) as session:
        yield session


async def _about_nobody(request: Request, caller: CallerDep) -> AsyncIterator[AsyncSession]:
    async with session_scope(_database(request), Identity(ERASER)) as session:
        yield session


def _database(request: Request) -> Database:
    database: Database = request.app.state.resources.database
    return database


async def _key(request: Request) -> str | None:
    return secret(request.app.state.resources.settings.anonymise_key)


async def _journal(request: Request) -> Path | None:
    path: Path | None = request.app.state.resources.settings.erasure_journal
    return path


ErasingSession = Annotated[AsyncSession, Depends(_about, scope="function")]
"""The eraser's transaction about the person in the path, and about nobody else."""
ReceiptSession = Annotated[AsyncSession, Depends(_about_nobody, scope="function")]
PseudonymKey = Annotated[str | None, Depends(_key)]
Journal = Annotated[Path | None, Depends(_journal)]


@router.delete("/{user_id}", openapi_extra=UNKNOWN_IS_EMPTY)
async def erase_user(
    user_id: UserId,
    session: ErasingSession,
    caller: CallerDep,
    key: PseudonymKey,
    journal: Journal,
) -> ErasureReceipt:
    """Everything stored of one person, and the receipt of it; again: the same receipt."""
    return await service.erase(session, user_id, caller=caller, key=key, journal_at=journal)


@router.get("/erasures/{erasure_id}")
async def get_erasure_receipt(
    erasure_id: ErasureId,
    session: ReceiptSession,
    caller: CallerDep,
    key: PseudonymKey,
) -> ErasureReceipt:
    """What an erasure removed, and what is out of its reach."""
    return await service.receipt(session, erasure_id, caller=caller, key=key)
