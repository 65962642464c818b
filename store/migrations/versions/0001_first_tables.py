"""The first tables: catalog, holds, calls and customers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "calendar",
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("company", "key", name="pk_calendar"),
    )
    op.create_table(
        "call",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("caller_number", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("hang_up_reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("call_id", name="pk_call"),
    )
    op.create_index("ix_call_company_started_at", "call", ["company", "started_at"])
    op.create_index("ix_call_started_at", "call", ["started_at"])
    op.create_table(
        "company",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_company"),
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_customer"),
        sa.UniqueConstraint("company", "number", name="uq_customer_company_number"),
    )
    op.create_table(
        "booking",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("recovered", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.call_id"], name="fk_booking_call"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_booking_customer"),
        sa.PrimaryKeyConstraint("uid", name="pk_booking"),
    )
    op.create_index("ix_booking_call_id", "booking", ["call_id"])
    op.create_index("ix_booking_company_starts_at", "booking", ["company", "starts_at"])
    op.create_index("ix_booking_customer_id_starts_at", "booking", ["customer_id", "starts_at"])
    op.create_table(
        "branch",
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("calcom_api_key_env", sa.String(), nullable=False),
        sa.Column("opening_hours", sa.JSON(), nullable=False),
        sa.Column("minimum_notice_minutes", sa.Integer(), nullable=False),
        sa.Column("recheck", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["company"], ["company.key"], name="fk_branch_company"),
        sa.PrimaryKeyConstraint("company", "key", name="pk_branch"),
    )
    op.create_table(
        "hold",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["company", "calendar"], ["calendar.company", "calendar.key"], name="fk_hold_calendar"),
        sa.PrimaryKeyConstraint("call_id", name="pk_hold"),
    )
    op.create_index("ix_hold_company_calendar_starts_at", "hold", ["company", "calendar", "starts_at"])
    op.create_table(
        "turn",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("turn_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("wished_start", MOMENT, nullable=True),
        sa.Column("service", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("race_caught_at", sa.String(), nullable=True),
        sa.Column("alternatives", sa.JSON(), nullable=False),
        sa.Column("hold", sa.String(), nullable=True),
        sa.Column("rechecked", sa.Boolean(), nullable=True),
        sa.Column("offered_at", MOMENT, nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("answered_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.call_id"], name="fk_turn_call"),
        sa.PrimaryKeyConstraint("call_id", "position", name="pk_turn"),
    )
    op.create_table(
        "phone_number",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["company", "branch"], ["branch.company", "branch.key"], name="fk_phone_number_branch"),
        sa.PrimaryKeyConstraint("number", name="pk_phone_number"),
    )
    op.create_table(
        "service",
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("synonyms", sa.JSON(), nullable=False),
        sa.Column("calcom_event_type_id", sa.Integer(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["company", "branch"], ["branch.company", "branch.key"], name="fk_service_branch"),
        sa.PrimaryKeyConstraint("company", "branch", "key", name="pk_service"),
    )
