"""What operators see: a call's summary and steps, what callers were told, how quickly Cal.com answered."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("call") as call:
        call.add_column(sa.Column("service", sa.String(), nullable=True))
        call.add_column(sa.Column("wished_start", MOMENT, nullable=True))
        call.add_column(sa.Column("race_caught_at", sa.String(), nullable=True))
        call.add_column(sa.Column("gap_seconds", sa.Float(), nullable=True))
        call.add_column(sa.Column("confirmed", sa.Boolean(), nullable=False, server_default=sa.false()))
        call.add_column(sa.Column("steps", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("turn") as turn:
        turn.add_column(sa.Column("company", sa.String(), nullable=False, server_default=""))
        turn.add_column(sa.Column("held_until", MOMENT, nullable=True))
        turn.add_column(sa.Column("recheck", sa.String(), nullable=True))
        turn.add_column(sa.Column("received_at", MOMENT, nullable=True))
        turn.add_column(sa.Column("gap_seconds", sa.Float(), nullable=True))
        turn.add_column(sa.Column("heard", sa.Boolean(), nullable=False, server_default=sa.true()))
        turn.add_column(sa.Column("steps", sa.JSON(), nullable=False, server_default="[]"))
    op.execute("UPDATE turn SET company = (SELECT company FROM call WHERE call.call_id = turn.call_id)")
    op.execute("UPDATE turn SET recheck = 'passed' WHERE rechecked AND race_caught_at IS NULL")
    with op.batch_alter_table("turn") as turn:
        turn.drop_column("rechecked")
        turn.create_index("ix_turn_company_answered_at", ["company", "answered_at"])
        turn.create_index("ix_turn_answered_at", ["answered_at"])
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
    op.create_index("ix_reply_company_at", "reply", ["company", "at"])
    op.create_index("ix_reply_at", "reply", ["at"])
    op.create_table(
        "calendar_answers",
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("span_seconds", sa.Integer(), nullable=False),
        sa.Column("begins_at", MOMENT, nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("quickness", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "company", "span_seconds", "begins_at", "endpoint", "result", "quickness", name="pk_calendar_answers"
        ),
    )
    op.create_index("ix_calendar_answers_span_seconds_begins_at", "calendar_answers", ["span_seconds", "begins_at"])
