"""Who holds a slot, and how many requests Cal.com still allows."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("hold", sa.Column("caller", sa.String(), nullable=True))
    op.add_column("hold", sa.Column("dialled", sa.String(), nullable=True))
    op.create_table(
        "calendar_budget",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("resets_at", MOMENT, nullable=False),
        sa.Column("noted_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_calendar_budget"),
    )
