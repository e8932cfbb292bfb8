"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "balance_day",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("plan_balance", sa.BigInteger(), nullable=False),
        sa.Column("top_up_balance", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "day", name=op.f("pk_balance_day")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "checkpoint",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "at", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "debt",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("owed", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("owed > 0", name=op.f("ck_debt_something_is_owed")),
        sa.PrimaryKeyConstraint("tenant_id", "occurred_at", "subject_kind", "key", name=op.f("pk_debt")),
    )
    op.create_index(op.f("ix_debt_tenant_id_activity_id"), "debt", ["tenant_id", "activity_id"], unique=False)
    op.create_table(
        "entry",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("balance_after", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("opening_id", sa.Uuid(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("top_up_status", sa.String(), nullable=True),
        sa.Column("in_log", sa.Boolean(), nullable=False),
        sa.Column("remarks", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('GRANT', 'TOP_UP', 'USAGE', 'EXPIRY', 'ROLLOVER', 'REFUND', 'ADJUSTMENT', 'HOLD', 'RELEASE')",
            name=op.f("ck_entry_kind_is_known"),
        ),
        sa.CheckConstraint("seq > 0", name=op.f("ck_entry_seq_begins_at_one")),
        sa.PrimaryKeyConstraint("tenant_id", "seq", name=op.f("pk_entry")),
    )
    op.create_index(
        "ix_entry_log",
        "entry",
        ["tenant_id", "occurred_at", "seq"],
        unique=False,
        sqlite_where=sa.text("in_log"),
        postgresql_where=sa.text("in_log"),
    )
    op.create_index(
        op.f("ix_entry_tenant_id_occurred_at_seq"), "entry", ["tenant_id", "occurred_at", "seq"], unique=False
    )
    op.create_table(
        "entry_allocation",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=True),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "seq", "position", name=op.f("pk_entry_allocation")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_entry_allocation_activity",
        "entry_allocation",
        ["tenant_id", "activity_id"],
        unique=False,
        sqlite_where=sa.text("activity_id IS NOT NULL"),
        postgresql_where=sa.text("activity_id IS NOT NULL"),
    )
    op.create_table(
        "export_secret",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_export_secret_there_is_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_secret")),
    )
    op.create_table(
        "log_count",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("credits_used", sa.BigInteger(), nullable=False),
        sa.Column("credits_added", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "agent_id", "member_id", "hour", "day", name=op.f("pk_log_count")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("monthly_credits", sa.BigInteger(), nullable=False),
        sa.Column("first_seconds", sa.Integer(), nullable=False),
        sa.Column("next_seconds", sa.Integer(), nullable=False),
        sa.Column("rollover", sa.String(), nullable=False),
        sa.Column("rollover_cap", sa.BigInteger(), nullable=True),
        sa.Column("agent_slots", sa.Integer(), nullable=True),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(rollover = 'CAPPED') = (rollover_cap IS NOT NULL)", name=op.f("ck_plan_cap_belongs_to_capped")
        ),
        sa.CheckConstraint("rollover IN ('NONE', 'CAPPED', 'UNLIMITED')", name=op.f("ck_plan_rollover_is_known")),
        sa.CheckConstraint("agent_slots >= 0", name=op.f("ck_plan_agent_slots_is_not_negative")),
        sa.CheckConstraint("first_seconds > 0 AND next_seconds > 0", name=op.f("ck_plan_increments_are_positive")),
        sa.CheckConstraint("monthly_credits >= 0", name=op.f("ck_plan_monthly_credits_is_not_negative")),
        sa.CheckConstraint("rollover_cap >= 0", name=op.f("ck_plan_rollover_cap_is_not_negative")),
        sa.CheckConstraint("seats >= 0", name=op.f("ck_plan_seats_is_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
    )
    op.create_table(
        "pool_day",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("pool IN ('PLAN', 'TOP_UP')", name=op.f("ck_pool_day_pool_is_known")),
        sa.PrimaryKeyConstraint("tenant_id", "day", "pool", name=op.f("pk_pool_day")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "taken_key",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "key", name=op.f("pk_taken_key")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("anchor_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("external_id", name=op.f("uq_tenant_external_id")),
    )
    op.create_index(op.f("ix_tenant_created_at_id"), "tenant", ["created_at", "id"], unique=False)
    op.create_table(
        "usage_day",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("opening_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("activity", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("activities", sa.BigInteger(), nullable=False),
        sa.Column("call_seconds", sa.BigInteger(), nullable=False),
        sa.Column("billed_seconds", sa.BigInteger(), nullable=False),
        sa.Column("interviews_invited", sa.BigInteger(), nullable=False),
        sa.Column("interviews_completed", sa.BigInteger(), nullable=False),
        sa.Column("interviews_partial", sa.BigInteger(), nullable=False),
        sa.Column("interactions", sa.BigInteger(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "activity IN ('CALL', 'TRANSLATION', 'MESSAGE', 'INTERVIEW', 'TRANSCRIPT', 'FACT', 'DOCUMENT', '')",
            name=op.f("ck_usage_day_activity_is_known"),
        ),
        sa.CheckConstraint("direction IN ('INBOUND', 'OUTBOUND', '')", name=op.f("ck_usage_day_direction_is_known")),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "day",
            "agent_id",
            "opening_id",
            "member_id",
            "activity",
            "model",
            "direction",
            name=op.f("pk_usage_day"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_usage_day_tenant_id_agent_id_day"), "usage_day", ["tenant_id", "agent_id", "day"], unique=False
    )
    op.create_index(
        op.f("ix_usage_day_tenant_id_member_id_day"), "usage_day", ["tenant_id", "member_id", "day"], unique=False
    )
    op.create_index(
        op.f("ix_usage_day_tenant_id_opening_id_day"), "usage_day", ["tenant_id", "opening_id", "day"], unique=False
    )
    op.create_table(
        "account",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("plan_balance", sa.BigInteger(), nullable=False),
        sa.Column("top_up_balance", sa.BigInteger(), nullable=False),
        sa.Column("overdrawn", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("next_boundary", sa.Integer(), nullable=False),
        sa.Column("holds_end_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frontier", sa.String(), nullable=False),
        sa.Column("alert_seq", sa.BigInteger(), nullable=False),
        sa.Column("low_balance_thresholds", sa.String(), nullable=False),
        sa.Column("recharge_below", sa.BigInteger(), nullable=True),
        sa.Column("recharge_again_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("has_budgets", sa.Boolean(), nullable=False),
        sa.CheckConstraint("alert_seq >= 0", name=op.f("ck_account_alert_seq_is_not_negative")),
        sa.CheckConstraint("held >= 0", name=op.f("ck_account_held_is_not_negative")),
        sa.CheckConstraint("overdrawn >= 0", name=op.f("ck_account_overdrawn_is_not_negative")),
        sa.CheckConstraint("plan_balance >= 0", name=op.f("ck_account_plan_balance_is_not_negative")),
        sa.CheckConstraint("recharge_below >= 0", name=op.f("ck_account_recharge_below_is_not_negative")),
        sa.CheckConstraint("seq >= 0", name=op.f("ck_account_seq_is_not_negative")),
        sa.CheckConstraint("top_up_balance >= 0", name=op.f("ck_account_top_up_balance_is_not_negative")),
        sa.CheckConstraint("version >= 0", name=op.f("ck_account_version_is_not_negative")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_account_tenant_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_account")),
    )
    op.create_table(
        "agent",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "channel IN ('VOICE', 'CHAT', 'INTERVIEW', 'SCRIBE')", name=op.f("ck_agent_channel_is_known")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_agent_tenant_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agent")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_agent_tenant_id_external_id")),
    )
    op.create_index(op.f("ix_agent_id"), "agent", ["id"], unique=False)
    op.create_index(op.f("ix_agent_tenant_id_created_at_id"), "agent", ["tenant_id", "created_at", "id"], unique=False)
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(role = 'OPERATOR') = (tenant_id IS NULL)", name=op.f("ck_api_key_only_operators_have_no_tenant")
        ),
        sa.CheckConstraint(
            "role IN ('OPERATOR', 'ADMIN', 'MEMBER', 'RECORDER')", name=op.f("ck_api_key_role_is_known")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_api_key_tenant_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_key_hash")),
    )
    op.create_index(
        op.f("ix_api_key_tenant_id_created_at_id"), "api_key", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "auto_recharge",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("threshold", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("target_balance", sa.BigInteger(), nullable=True),
        sa.Column("monthly_cap", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failure", sa.String(), nullable=True),
        sa.Column("capped_in", sa.Integer(), nullable=True),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_auto_recharge_amount_is_not_negative")),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_auto_recharge_failures_is_not_negative")),
        sa.CheckConstraint("monthly_cap >= 0", name=op.f("ck_auto_recharge_monthly_cap_is_not_negative")),
        sa.CheckConstraint("target_balance >= 0", name=op.f("ck_auto_recharge_target_balance_is_not_negative")),
        sa.CheckConstraint("threshold >= 0", name=op.f("ck_auto_recharge_threshold_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_auto_recharge_tenant_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_auto_recharge")),
    )
    op.create_table(
        "credit_grant",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remarks", sa.String(), nullable=False),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("pool IN ('PLAN', 'TOP_UP')", name=op.f("ck_credit_grant_pool_is_known")),
        sa.CheckConstraint(
            "source IN ('PLAN', 'ROLLOVER', 'TOP_UP', 'AUTO_RECHARGE', 'PROMOTION', 'ADJUSTMENT', 'REFUND')",
            name=op.f("ck_credit_grant_source_is_known"),
        ),
        sa.CheckConstraint("state IN ('AHEAD', 'BEGUN', 'ENDED')", name=op.f("ck_credit_grant_state_is_known")),
        sa.CheckConstraint("expires_at > effective_at", name=op.f("ck_credit_grant_ends_after_its_beginning")),
        sa.CheckConstraint("remaining BETWEEN 0 AND amount", name=op.f("ck_credit_grant_remaining_is_part_of_amount")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_credit_grant_tenant_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_credit_grant")),
        sa.UniqueConstraint("tenant_id", "source", "key", name=op.f("uq_credit_grant_tenant_id_source_key")),
    )
    op.create_index(
        "ix_credit_grant_open",
        "credit_grant",
        ["tenant_id", "state"],
        unique=False,
        sqlite_where=sa.text("state <> 'ENDED'"),
        postgresql_where=sa.text("state <> 'ENDED'"),
    )
    op.create_index(
        op.f("ix_credit_grant_tenant_id_effective_at_id"),
        "credit_grant",
        ["tenant_id", "effective_at", "id"],
        unique=False,
    )
    op.create_table(
        "credit_pool",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('PLAN', 'TOP_UP')", name=op.f("ck_credit_pool_kind_is_known")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_credit_pool_tenant_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_credit_pool")),
        sa.UniqueConstraint("tenant_id", "kind", name=op.f("uq_credit_pool_tenant_id_kind")),
    )
    op.create_table(
        "member",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role <> 'OPERATOR'", name=op.f("ck_member_member_is_no_operator")),
        sa.CheckConstraint("role IN ('OPERATOR', 'ADMIN', 'MEMBER', 'RECORDER')", name=op.f("ck_member_role_is_known")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_member_tenant_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_member")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_member_tenant_id_external_id")),
    )
    op.create_index(
        op.f("ix_member_tenant_id_created_at_id"), "member", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "opening",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_title", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('OPEN', 'CLOSED')", name=op.f("ck_opening_status_is_known")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_opening_tenant_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_opening")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_opening_tenant_id_external_id")),
    )
    op.create_index(op.f("ix_opening_id"), "opening", ["id"], unique=False)
    op.create_index(
        op.f("ix_opening_tenant_id_created_at_id"), "opening", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "rate_list",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_rate_list_plan_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_list")),
    )
    op.create_index(
        op.f("ix_rate_list_plan_id_effective_from"), "rate_list", ["plan_id", "effective_from"], unique=False
    )
    op.create_table(
        "tenant_plan",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_tenant_plan_plan_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_tenant_plan_tenant_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "effective_at", name=op.f("pk_tenant_plan")),
    )
    op.create_table(
        "top_up",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_reference", sa.String(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remarks", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(status = 'SETTLED') = (settled_at IS NOT NULL)", name=op.f("ck_top_up_settled_has_a_time")
        ),
        sa.CheckConstraint("status IN ('PENDING', 'SETTLED', 'FAILED')", name=op.f("ck_top_up_status_is_known")),
        sa.CheckConstraint("credits > 0", name=op.f("ck_top_up_credits_are_positive")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_top_up_tenant_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_top_up")),
    )
    op.create_index(op.f("ix_top_up_id"), "top_up", ["id"], unique=False)
    op.create_index(
        "ix_top_up_pending",
        "top_up",
        ["tenant_id"],
        unique=False,
        sqlite_where=sa.text("status = 'PENDING'"),
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.create_index(
        op.f("ix_top_up_tenant_id_requested_at_id"), "top_up", ["tenant_id", "requested_at", "id"], unique=False
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_failure", sa.String(), nullable=True),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_webhook_delivery_attempts_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_webhook_delivery_tenant_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_webhook_delivery")),
    )
    op.create_index(op.f("ix_webhook_delivery_due_at"), "webhook_delivery", ["due_at"], unique=False)
    op.create_table(
        "alert",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("credits", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('LOW_BALANCE', 'OUT_OF_CREDITS', 'RUNAWAY_AGENT', 'BUDGET_REACHED', 'TOP_UP_FAILED')",
            name=op.f("ck_alert_kind_is_known"),
        ),
        sa.CheckConstraint("seq > 0", name=op.f("ck_alert_seq_begins_at_one")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agent_id"],
            ["agent.tenant_id", "agent.id"],
            name=op.f("fk_alert_tenant_id_agent_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_alert_tenant_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_alert")),
        sa.UniqueConstraint("tenant_id", "seq", name=op.f("uq_alert_tenant_id_seq")),
    )
    op.create_table(
        "budget",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("every", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("told_for", sa.Date(), nullable=True),
        sa.CheckConstraint("action IN ('WARN', 'STOP')", name=op.f("ck_budget_action_is_known")),
        sa.CheckConstraint("every IN ('HOUR', 'DAY', 'WEEK', 'MONTH', 'YEAR')", name=op.f("ck_budget_every_is_known")),
        sa.CheckConstraint("credits >= 0", name=op.f("ck_budget_credits_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agent_id"],
            ["agent.tenant_id", "agent.id"],
            name=op.f("fk_budget_tenant_id_agent_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "agent_id", name=op.f("pk_budget")),
    )
    op.create_table(
        "call",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("billed_seconds", sa.Integer(), nullable=False),
        sa.Column("translation_seconds", sa.Integer(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.String(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("remarks", sa.String(), nullable=False),
        sa.CheckConstraint("direction IN ('INBOUND', 'OUTBOUND')", name=op.f("ck_call_direction_is_known")),
        sa.CheckConstraint("billed_seconds >= 0", name=op.f("ck_call_billed_seconds_is_not_negative")),
        sa.CheckConstraint("credits >= 0", name=op.f("ck_call_credits_is_not_negative")),
        sa.CheckConstraint("duration_seconds >= 0", name=op.f("ck_call_duration_seconds_is_not_negative")),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_call_ends_after_its_start")),
        sa.CheckConstraint("refunded <= credits", name=op.f("ck_call_refunds_at_most_the_charge")),
        sa.CheckConstraint("refunded >= 0", name=op.f("ck_call_refunded_is_not_negative")),
        sa.CheckConstraint("translation_seconds >= 0", name=op.f("ck_call_translation_seconds_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agent_id"],
            ["agent.tenant_id", "agent.id"],
            name=op.f("fk_call_tenant_id_agent_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_call_tenant_id_member_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_call")),
    )
    op.create_index(
        "ix_call_member",
        "call",
        ["tenant_id", "member_id", "started_at", "id"],
        unique=False,
        sqlite_where=sa.text("member_id IS NOT NULL"),
        postgresql_where=sa.text("member_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_call_tenant_id_agent_id_started_at_id"),
        "call",
        ["tenant_id", "agent_id", "started_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_call_tenant_id_started_at_id"), "call", ["tenant_id", "started_at", "id"], unique=False)
    op.create_table(
        "hold",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("direction IN ('INBOUND', 'OUTBOUND')", name=op.f("ck_hold_direction_is_known")),
        sa.CheckConstraint(
            "status IN ('OPEN', 'SETTLED', 'RELEASED', 'EXPIRED')", name=op.f("ck_hold_status_is_known")
        ),
        sa.CheckConstraint("credits >= 0", name=op.f("ck_hold_credits_is_not_negative")),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_hold_seconds_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agent_id"],
            ["agent.tenant_id", "agent.id"],
            name=op.f("fk_hold_tenant_id_agent_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_hold")),
    )
    op.create_index(op.f("ix_hold_id"), "hold", ["id"], unique=False)
    op.create_index(
        "ix_hold_open",
        "hold",
        ["tenant_id", "expires_at"],
        unique=False,
        sqlite_where=sa.text("status = 'OPEN'"),
        postgresql_where=sa.text("status = 'OPEN'"),
    )
    op.create_table(
        "interaction",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("assigned_member_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("credits >= 0", name=op.f("ck_interaction_credits_is_not_negative")),
        sa.CheckConstraint("refunded >= 0", name=op.f("ck_interaction_refunded_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agent_id"],
            ["agent.tenant_id", "agent.id"],
            name=op.f("fk_interaction_tenant_id_agent_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assigned_member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_interaction_tenant_id_assigned_member_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_interaction_tenant_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_interaction")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_interaction_tenant_id_external_id")),
    )
    op.create_index(op.f("ix_interaction_id"), "interaction", ["id"], unique=False)
    op.create_index(
        op.f("ix_interaction_tenant_id_created_at_id"), "interaction", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "interview",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("opening_id", sa.Uuid(), nullable=False),
        sa.Column("candidate", sa.String(), nullable=False),
        sa.Column("is_simulation", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("furthest_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status IN ('INVITED', 'STARTED', 'PARTIAL', 'COMPLETED')", name=op.f("ck_interview_status_is_known")
        ),
        sa.CheckConstraint("credits >= 0", name=op.f("ck_interview_credits_is_not_negative")),
        sa.CheckConstraint("progress BETWEEN 0 AND 1000000", name=op.f("ck_interview_progress_is_a_part")),
        sa.CheckConstraint("refunded >= 0", name=op.f("ck_interview_refunded_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agent_id"],
            ["agent.tenant_id", "agent.id"],
            name=op.f("fk_interview_tenant_id_agent_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "opening_id"],
            ["opening.tenant_id", "opening.id"],
            name=op.f("fk_interview_tenant_id_opening_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_interview")),
        sa.UniqueConstraint(
            "tenant_id",
            "opening_id",
            "candidate",
            "is_simulation",
            name=op.f("uq_interview_tenant_id_opening_id_candidate_is_simulation"),
        ),
    )
    op.create_index(op.f("ix_interview_tenant_id_furthest_at"), "interview", ["tenant_id", "furthest_at"], unique=False)
    op.create_index(op.f("ix_interview_tenant_id_invited_at"), "interview", ["tenant_id", "invited_at"], unique=False)
    op.create_index(
        op.f("ix_interview_tenant_id_opening_id_invited_at_id"),
        "interview",
        ["tenant_id", "opening_id", "invited_at", "id"],
        unique=False,
    )
    op.create_table(
        "message",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_playground", sa.Boolean(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.String(), nullable=False),
        sa.CheckConstraint("credits >= 0", name=op.f("ck_message_credits_is_not_negative")),
        sa.CheckConstraint("input_tokens >= 0", name=op.f("ck_message_input_tokens_is_not_negative")),
        sa.CheckConstraint("output_tokens >= 0", name=op.f("ck_message_output_tokens_is_not_negative")),
        sa.CheckConstraint("refunded <= credits", name=op.f("ck_message_refunds_at_most_the_charge")),
        sa.CheckConstraint("refunded >= 0", name=op.f("ck_message_refunded_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agent_id"],
            ["agent.tenant_id", "agent.id"],
            name=op.f("fk_message_tenant_id_agent_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_message_tenant_id_member_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_message")),
    )
    op.create_index(op.f("ix_message_tenant_id_sent_at_id"), "message", ["tenant_id", "sent_at", "id"], unique=False)
    op.create_table(
        "rate",
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("activity", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "activity IN ('CALL', 'TRANSLATION', 'MESSAGE', 'INTERVIEW', 'TRANSCRIPT', 'FACT', 'DOCUMENT')",
            name=op.f("ck_rate_activity_is_known"),
        ),
        sa.CheckConstraint(
            "unit IN ('MINUTE', 'MESSAGE', 'THOUSAND_TOKENS', 'INTERVIEW', 'FACT', 'DOCUMENT')",
            name=op.f("ck_rate_unit_is_known"),
        ),
        sa.CheckConstraint("credits >= 0", name=op.f("ck_rate_credits_is_not_negative")),
        sa.ForeignKeyConstraint(["list_id"], ["rate_list.id"], name=op.f("fk_rate_list_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("list_id", "activity", "model", name=op.f("pk_rate")),
    )
    op.create_table(
        "runaway_day",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agent_id"],
            ["agent.tenant_id", "agent.id"],
            name=op.f("fk_runaway_day_tenant_id_agent_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_runaway_day_tenant_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "day", "agent_id", name=op.f("pk_runaway_day")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "document",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.CheckConstraint("credits >= 0", name=op.f("ck_document_credits_is_not_negative")),
        sa.CheckConstraint("refunded <= credits", name=op.f("ck_document_refunds_at_most_the_charge")),
        sa.CheckConstraint("refunded >= 0", name=op.f("ck_document_refunded_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interaction_id"],
            ["interaction.tenant_id", "interaction.id"],
            name=op.f("fk_document_tenant_id_interaction_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_document")),
    )
    op.create_index(op.f("ix_document_tenant_id_created_at"), "document", ["tenant_id", "created_at"], unique=False)
    op.create_index(
        op.f("ix_document_tenant_id_interaction_id_created_at_id"),
        "document",
        ["tenant_id", "interaction_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "fact",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.CheckConstraint("credits >= 0", name=op.f("ck_fact_credits_is_not_negative")),
        sa.CheckConstraint("refunded <= credits", name=op.f("ck_fact_refunds_at_most_the_charge")),
        sa.CheckConstraint("refunded >= 0", name=op.f("ck_fact_refunded_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interaction_id"],
            ["interaction.tenant_id", "interaction.id"],
            name=op.f("fk_fact_tenant_id_interaction_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_fact")),
    )
    op.create_index(op.f("ix_fact_tenant_id_created_at"), "fact", ["tenant_id", "created_at"], unique=False)
    op.create_index(
        op.f("ix_fact_tenant_id_interaction_id_created_at_id"),
        "fact",
        ["tenant_id", "interaction_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "interview_report",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("interview_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.CheckConstraint(
            "status IN ('INVITED', 'STARTED', 'PARTIAL', 'COMPLETED')", name=op.f("ck_interview_report_status_is_known")
        ),
        sa.CheckConstraint("credits >= 0", name=op.f("ck_interview_report_credits_is_not_negative")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_interview_report_price_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interview_id"],
            ["interview.tenant_id", "interview.id"],
            name=op.f("fk_interview_report_tenant_id_interview_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_interview_report")),
    )
    op.create_index(op.f("ix_interview_report_tenant_id_at"), "interview_report", ["tenant_id", "at"], unique=False)
    op.create_index(
        op.f("ix_interview_report_tenant_id_interview_id"),
        "interview_report",
        ["tenant_id", "interview_id"],
        unique=False,
    )
    op.create_table(
        "transcript",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.String(), nullable=False),
        sa.Column("audio_seconds", sa.Integer(), nullable=True),
        sa.CheckConstraint("audio_seconds >= 0", name=op.f("ck_transcript_audio_seconds_is_not_negative")),
        sa.CheckConstraint("credits >= 0", name=op.f("ck_transcript_credits_is_not_negative")),
        sa.CheckConstraint("refunded <= credits", name=op.f("ck_transcript_refunds_at_most_the_charge")),
        sa.CheckConstraint("refunded >= 0", name=op.f("ck_transcript_refunded_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interaction_id"],
            ["interaction.tenant_id", "interaction.id"],
            name=op.f("fk_transcript_tenant_id_interaction_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_transcript")),
    )
    op.create_index(op.f("ix_transcript_tenant_id_created_at"), "transcript", ["tenant_id", "created_at"], unique=False)
    op.create_index(
        op.f("ix_transcript_tenant_id_interaction_id_created_at_id"),
        "transcript",
        ["tenant_id", "interaction_id", "created_at", "id"],
        unique=False,
    )
