"""What operators see: a call's summary and steps, what callers were told, how quickly Cal.com answered."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)


KNOWN_BEFORE = (
    "UPDATE turn SET company = (SELECT company FROM call WHERE call.call_id = turn.call_id)",
    "UPDATE turn SET recheck = 'passed' WHERE rechecked AND (race_caught_at IS NULL OR race_caught_at = 'booking')",
    "UPDATE turn SET recheck = 'gone' WHERE race_caught_at = 'recheck' OR (rechecked AND race_caught_at = 'hold')",
    "UPDATE call SET confirmed = EXISTS"
    " (SELECT 1 FROM turn WHERE turn.call_id = call.call_id AND confirmed_at IS NOT NULL)",
    "UPDATE call SET service ="
    " (SELECT service FROM turn WHERE turn.call_id = call.call_id AND service IS NOT NULL"
    " ORDER BY position LIMIT 1)",
    "UPDATE call SET wished_start ="
    " (SELECT wished_start FROM turn WHERE turn.call_id = call.call_id AND wished_start IS NOT NULL"
    " ORDER BY position LIMIT 1)",
    "UPDATE call SET booked_start = (SELECT max(starts_at) FROM booking WHERE booking.call_id = call.call_id)",
    "UPDATE call SET race_caught_at ="
    " (SELECT race_caught_at FROM turn WHERE turn.call_id = call.call_id AND race_caught_at IS NOT NULL"
    " ORDER BY position LIMIT 1)",
    "UPDATE call SET gap_seconds ="
    " (SELECT gap_seconds FROM turn WHERE turn.call_id = call.call_id AND gap_seconds IS NOT NULL"
    " ORDER BY position LIMIT 1)",
)
"""What calls that are kept already say of themselves."""

GAPS = {
    "sqlite": "UPDATE turn SET gap_seconds = round((julianday(confirmed_at) - julianday(offered_at)) * 86400, 3)",
    "postgresql": "UPDATE turn SET gap_seconds = extract(epoch FROM confirmed_at - offered_at)",
}


def upgrade() -> None:
    # Columns are added in place: SQLite would not let a table be made anew that others refer to.
    op.add_column("call", sa.Column("service", sa.String(), nullable=True))
    op.add_column("call", sa.Column("wished_start", MOMENT, nullable=True))
    op.add_column("call", sa.Column("booked_start", MOMENT, nullable=True))
    op.add_column("call", sa.Column("race_caught_at", sa.String(), nullable=True))
    op.add_column("call", sa.Column("gap_seconds", sa.Float(), nullable=True))
    op.add_column("call", sa.Column("confirmed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("call", sa.Column("steps", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("turn", sa.Column("company", sa.String(), nullable=False, server_default=""))
    op.add_column("turn", sa.Column("held_until", MOMENT, nullable=True))
    op.add_column("turn", sa.Column("recheck", sa.String(), nullable=True))
    op.add_column("turn", sa.Column("received_at", MOMENT, nullable=True))
    op.add_column("turn", sa.Column("gap_seconds", sa.Float(), nullable=True))
    op.add_column("turn", sa.Column("heard", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("turn", sa.Column("steps", sa.JSON(), nullable=False, server_default="[]"))
    for statement in (GAPS[op.get_bind().dialect.name], *KNOWN_BEFORE):
        op.execute(statement)
    with op.batch_alter_table("turn") as turn:
        turn.drop_column("rechecked")
    _create_partial_index("ix_turn_yes", ["answered_at", "company", "recheck", "gap_seconds"], "confirmed_at")
    _create_partial_index("ix_turn_race", ["answered_at", "company"], "race_caught_at")
    op.create_index("ix_turn_company_wished_start", "turn", ["company", "wished_start"])
    op.create_table(
        "reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("function", sa.String(), nullable=False),
        sa.Column("turn_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reply"),
    )
    op.create_index("ix_reply_call_id", "reply", ["call_id"])
    op.create_table(
        "calendar_answers",
        sa.Column("span_seconds", sa.Integer(), nullable=False),
        sa.Column("begins_at", MOMENT, nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("quickness", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        # Clustered by time: everything asked of it is asked of a span of time.
        sa.PrimaryKeyConstraint(
            "span_seconds", "begins_at", "company", "endpoint", "result", "quickness", name="pk_calendar_answers"
        ),
        sqlite_with_rowid=False,
    )


def _create_partial_index(name: str, columns: list[str], present: str) -> None:
    there = sa.text(f"{present} IS NOT NULL")
    op.create_index(name, "turn", columns, sqlite_where=there, postgresql_where=there)
