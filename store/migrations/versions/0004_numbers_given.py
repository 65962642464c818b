"""The number that was given for a booking, to find a person by who called from another one."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("booking", sa.Column("phone", sa.String(), nullable=True))
    op.create_index("ix_booking_phone", "booking", ["phone"])
