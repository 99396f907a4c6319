"""Bundles made of versions, and versions made of bundles.

What comes in is read, checked and stored: nothing in it is executed, and none of its numbers
becomes a number of ours.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from nlu_shared.kit.access import audit
from nlu_shared.kit.errors import Conflict, Forbidden, Invalid
from nlu_shared.rendering import AnswerSpace
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.bundles import (
    FORMAT,
    MOST_VERSIONS,
    Bundle,
    BundledVersion,
    BundleOrigin,
    BundleTaken,
    SignedBundle,
    TakenVersion,
)
from nlu_shared.schemas.prompts import ServingAlias, VersionSource
from nlu_shared.schemas.reports import RunReport
from nlu_shared.schemas.runs import RunStatus
from nlu_shared.schemas.tasks import TaskSpec
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.bundles import signing
from induction.bundles.leaving_out import without_examples
from induction.bundles.models import BundleOriginRow
from induction.prompts import endpoints
from induction.prompts import queries as registry
from induction.prompts import service as prompts
from induction.prompts.models import PromptVersionRow
from induction.reports import queries as reports
from induction.runs import service as runs
from induction.settings import Settings
from induction.task_kinds.registry import task_of
from induction.tasks import service as tasks

KEPT = {"version_hash", "examples_left_out", "scores", "endpoint"}
MOST_LABELS = 10
LINEAGE = text(
    """
    WITH RECURSIVE lineage AS (
        SELECT id, parent_id FROM prompt_versions WHERE id = ANY(:ids)
        UNION
        SELECT parent.id, parent.parent_id FROM prompt_versions AS parent
        JOIN lineage ON lineage.parent_id = parent.id
    )
    SELECT id FROM lineage
    """
)


class NoBundleKey(Conflict):
    code = "no_bundle_key"
    title = "This instance has no key to sign bundles with"


class TooManyVersions(Invalid):
    code = "too_many_versions"
    title = "More versions than one bundle holds"


class BadSignature(Invalid):
    code = "bad_signature"
    title = "The bundle is not what its signature was made for"


class UnknownSigner(Forbidden):
    code = "unknown_signer"
    title = "Nobody here trusts the key that signed the bundle"


class UnreadableBundle(Invalid):
    code = "unreadable_bundle"
    title = "The bundle is signed, and cannot be read"


class OtherTask(Invalid):
    code = "other_task"
    title = "The bundle is of another kind of task, or of other labels"


async def export(
    session: AsyncSession,
    settings: Settings,
    task: str,
    version_ids: Sequence[UUID],
    *,
    lineage: bool,
    examples: bool,
    by: str,
) -> SignedBundle:
    """These versions, or the one that serves in production, with those they were made from.

    lineage: whether these come too.
    examples: whether texts of cases come too.

    Raises NotFound, Unfinished, NoBundleKey, TooManyVersions, IsEnsemble.
    """
    spec = (await tasks.get(session, task)).spec()
    chosen = [await prompts.get(session, task, one) for one in version_ids]
    chosen = chosen or [await registry.serving(session, task, ServingAlias.PRODUCTION)]
    if settings.bundle_key is None:
        raise NoBundleKey("`induction prompts bundle-key` makes one for INDUCTION_BUNDLE_KEY.")
    ids = {one.id for one in chosen}
    if lineage:
        ids |= set((await session.execute(LINEAGE, {"ids": list(ids)})).scalars())
    if len(ids) > MOST_VERSIONS:
        raise TooManyVersions(f"{len(ids)} versions, {MOST_VERSIONS} at most: leave lineage out.")
    rows = await session.exec(
        select(PromptVersionRow)
        .where(col(PromptVersionRow.id).in_(ids))
        .order_by(col(PromptVersionRow.id))
    )
    versions = [await _bundled(session, settings, row, examples=examples) for row in rows.all()]
    evidence = [await _report(session, one) for one in sorted(_runs(versions))]
    made = Bundle(format=FORMAT, task=task, kind=spec.kind, versions=versions, reports=evidence)
    bundle = made.model_dump(mode="json")
    private = settings.bundle_key.get_secret_value()
    await audit.record(
        session,
        actor=by,
        action="prompts.bundle",
        subject=task,
        hash=digest(bundle),
        examples=str(examples).lower(),
    )
    return SignedBundle(
        bundle=bundle,
        public_key=signing.public_of(private),
        signature=signing.signature(private, bundle),
    )


async def _bundled(
    session: AsyncSession, settings: Settings, row: PromptVersionRow, *, examples: bool
) -> BundledVersion:
    view = await registry.view(session, row)
    measured = await endpoints.measured(session, row, settings)
    content, left_out = (row.prompt(), 0) if examples else without_examples(row.prompt())
    return BundledVersion(
        id=row.id,
        parent_id=row.parent_id,
        run_id=row.run_id,
        version_hash=row.version_hash,
        content=content,
        examples_left_out=left_out,
        labels=tuple(row.labels),
        spellings=row.spellings,
        model=row.model,
        constants=row.module_constants,
        made_on=view.made_on,
        created_at=view.created_at,
        scores=view.scores,
        endpoint=None if measured is None else measured.endpoint,
    )


def _runs(versions: Sequence[BundledVersion]) -> set[UUID]:
    return {one.run_id for one in versions if one.run_id is not None}


async def _report(session: AsyncSession, run_id: UUID) -> RunReport:
    run = await runs.get(session, run_id)
    if not RunStatus(run.status).over:
        raise registry.VersionUnfinished
    return await reports.of_row(session, run)


def verified(settings: Settings, signed: SignedBundle) -> Bundle:
    """What the bundle says. Raises UnknownSigner, BadSignature, UnreadableBundle."""
    known = set(settings.bundle_signers)
    if settings.bundle_key is not None:
        known.add(signing.public_of(settings.bundle_key.get_secret_value()))
    if signed.public_key not in known:
        raise UnknownSigner("Add its public key to INDUCTION_BUNDLE_SIGNERS, if you trust it.")
    if not signing.is_signed(signed.public_key, signed.signature, signed.bundle):
        raise BadSignature
    try:
        bundle = Bundle.model_validate(signed.bundle)
    except ValidationError:
        raise UnreadableBundle("Another release may have written it.") from None
    if any(
        not one.examples_left_out and one.content.version_hash != one.version_hash
        for one in bundle.versions
    ):
        raise UnreadableBundle("A version has not the hash it claims.")
    return bundle


async def take(
    session: AsyncSession, spec: TaskSpec, signed: SignedBundle, bundle: Bundle, *, by: str
) -> BundleTaken:
    """The versions as versions of this task; what is there already is that one.

    Raises Archived, OtherTask.
    """
    tasks.require_current(await tasks.get(session, spec.slug))
    _require_fit(spec, bundle)
    taken: list[TakenVersion] = []
    here: dict[UUID, UUID] = {}
    bundle_hash, signer = digest(signed.bundle), signing.fingerprint(signed.public_key)
    evidence = {one.run_id: one.model_dump(mode="json") for one in bundle.reports}
    whence = {"bundle_hash": bundle_hash, "signer": signer, "task": bundle.task, "taken_by": by}
    for one in bundle.versions:
        row, is_new = await prompts.ensure(
            session,
            spec.slug,
            one.content,
            source=VersionSource.IMPORT,
            answers=AnswerSpace(spec.kind, one.labels, one.spellings),
            model=one.model,
            parent_id=here.get(one.parent_id) if one.parent_id else None,
            constants=one.constants,
        )
        here[one.id] = row.id
        report = evidence.get(one.run_id) if one.run_id else None
        origin = one.model_dump(mode="json", include=KEPT) | {"report": report}
        kept = {"version_id": row.id, "origin_id": one.id, "origin": origin, **whence}
        await session.exec(insert(BundleOriginRow).values(kept).on_conflict_do_nothing())
        taken.append(
            TakenVersion(
                id=row.id,
                version_hash=row.version_hash,
                origin_hash=one.version_hash,
                is_new=is_new,
            )
        )
    await audit.record(
        session,
        actor=by,
        action="prompts.take_bundle",
        subject=spec.slug,
        hash=bundle_hash,
        signer=signer,
    )
    return BundleTaken(task=spec.slug, signer=signer, bundle_hash=bundle_hash, versions=taken)


def _require_fit(spec: TaskSpec, bundle: Bundle) -> None:
    task = task_of(spec)
    if bundle.kind is not task.kind:
        raise OtherTask(f"It is of {bundle.kind.value}, this task is of {task.kind.value}.")
    known: Collection[str] = {*task.answers.labels, *task.answers.spellings}
    strange = {label for one in bundle.versions for label in one.labels} - set(known)
    if strange:
        raise OtherTask(
            "Add these labels to the task, or as aliases of its own.",
            labels=sorted(strange)[:MOST_LABELS],
        )


async def origins(session: AsyncSession, task: str, version_id: UUID) -> list[BundleOrigin]:
    """The bundles that a version came in, the oldest first. Raises NotFound."""
    await prompts.get(session, task, version_id)
    rows = await session.exec(
        select(BundleOriginRow)
        .where(BundleOriginRow.version_id == version_id)
        .order_by(col(BundleOriginRow.taken_at), col(BundleOriginRow.origin_id))
    )
    return [_origin(row) for row in rows]


def _origin(row: BundleOriginRow) -> BundleOrigin:
    here = row.model_dump(include=set(BundleOrigin.model_fields))
    return BundleOrigin.model_validate({**row.origin, **here, "version_id": row.origin_id})
