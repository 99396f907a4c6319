"""An experiment knows by the numbers of production's moves when it began and when it was over: two
moves may share a tick, and a clock may step back."""

from alembic import op

revision = "0064"
down_revision = "0063"

STATEMENTS = (
    "ALTER TABLE experiments ADD COLUMN began_at_move INTEGER, ADD COLUMN over_at_move INTEGER",
    # The move that the clock names; where another version served by that, the experiment waited
    # for the task while production moved to its a, and began with the next move to that.
    """
    UPDATE experiments AS begun SET began_at_move = coalesce(
        (
            SELECT min(n) FROM prompt_moves
            WHERE task = begun.task AND alias = 'production' AND version_id = begun.a_version_id
                AND n >= (
                    SELECT coalesce(max(n), 1) FROM prompt_moves
                    WHERE task = begun.task AND alias = 'production'
                        AND moved_at <= begun.created_at
                )
        ),
        (
            SELECT max(n) FROM prompt_moves
            WHERE task = begun.task AND alias = 'production' AND version_id = begun.a_version_id
        )
    )
    """,
    # There was a time when another one could begin beside a winner, which gave nobody its b then.
    """
    UPDATE experiments AS earlier SET stopped_at = later.created_at, stopped_by = later.by,
        stopped_because = 'another experiment began'
    FROM experiments AS later
    WHERE earlier.status = 'won' AND earlier.stopped_at IS NULL AND later.task = earlier.task
        AND later.began_at_move = earlier.began_at_move
        AND later.id = (
            SELECT id FROM experiments AS next
            WHERE next.task = earlier.task AND next.id > earlier.id ORDER BY id LIMIT 1
        )
    """,
    # Where a look has found that production moved, that is how it ended, whatever the clock says;
    # one that was rolled back was looked at before production moved.
    """
    UPDATE experiments AS ended SET over_at_move = CASE
        WHEN status = 'rolled_back' THEN began_at_move
        WHEN status = 'stopped' AND ended_by = 'experiment'
            AND conclusion = 'production moved to another version' THEN began_at_move + 1
        ELSE greatest(began_at_move, (
            SELECT max(n) FROM prompt_moves
            WHERE task = ended.task AND alias = 'production'
                AND moved_at <= coalesce(ended.stopped_at, ended.ended_at)
        )) END
    WHERE status IN ('stopped', 'rolled_back') OR stopped_at IS NOT NULL
    """,
    """
    ALTER TABLE experiments ALTER COLUMN began_at_move SET NOT NULL,
        ADD CHECK (over_at_move >= began_at_move),
        ADD CHECK (
            (over_at_move IS NULL)
            = (status = 'running' OR status = 'won' AND stopped_at IS NULL)
        )
    """,
    """
    CREATE UNIQUE INDEX one_experiment_of_a_task_gives_its_candidate
        ON experiments (task, began_at_move) WHERE over_at_move IS NULL
    """,
    "GRANT UPDATE (over_at_move) ON experiments TO induction_app",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
