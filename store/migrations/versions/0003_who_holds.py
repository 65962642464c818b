"""Who holds a slot, how many requests Cal.com still allows, and where to find a person."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_index("ix_call_caller_number", "call", ["caller_number"])
    op.create_index("ix_customer_number", "customer", ["number"])
    op.add_column("reply", sa.Column("key", sa.String(), nullable=True))
    op.create_index("ix_reply_key", "reply", ["key"], unique=True)
    op.create_table(
        "calendar_budget",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("allowed", sa.Integer(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("resets_at", MOMENT, nullable=False),
        sa.Column("noted_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_calendar_budget"),
    )
    # Last: from here on until all is committed, calls in progress wait for their holds.
    op.add_column("hold", sa.Column("caller", sa.String(), nullable=True))
    op.add_column("hold", sa.Column("dialled", sa.String(), nullable=True))
