"""Rates of keys

Revision: 0005, after 0004; 2026-11-28 12:20:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


# Any change of a key is told, in whichever column, but for `last_used_at`: recording use must not empty the caches.
NOTIFY_OF_ANY = """
CREATE OR REPLACE FUNCTION notify_api_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR to_jsonb(OLD) - 'last_used_at' IS DISTINCT FROM to_jsonb(NEW) - 'last_used_at' THEN
        PERFORM pg_notify('achene_api_key', coalesce(OLD.prefix, NEW.prefix));
    END IF;
    RETURN NULL;
END $$
"""
ON_ANY = """
CREATE OR REPLACE TRIGGER notify_api_key AFTER INSERT OR DELETE OR UPDATE ON api_keys
FOR EACH ROW EXECUTE FUNCTION notify_api_key()
"""
NOTIFY_OF_SOME = """
CREATE OR REPLACE FUNCTION notify_api_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('achene_api_key', coalesce(OLD.prefix, NEW.prefix));
    RETURN NULL;
END $$
"""
ON_SOME = """
CREATE OR REPLACE TRIGGER notify_api_key
AFTER INSERT OR DELETE OR UPDATE OF prefix, secret_hash, scopes, user_id, expires_at, revoked_at ON api_keys
FOR EACH ROW EXECUTE FUNCTION notify_api_key()
"""


def upgrade() -> None:
    op.add_column(
        "api_keys",
        sa.Column(
            "requests_per_minute",
            sa.BigInteger(),
            nullable=True,
            comment="Requests that it may make in a minute; null for as many as the server lets any key make.",
        ),
    )
    op.add_column(
        "api_keys",
        sa.Column(
            "cost_per_minute",
            sa.BigInteger(),
            nullable=True,
            comment="Rows that its operations may be able to read in a minute; null for as any key.",
        ),
    )
    op.create_check_constraint(op.f("ck_api_keys_requests_per_minute"), "api_keys", "requests_per_minute > 0")
    op.create_check_constraint(op.f("ck_api_keys_cost_per_minute"), "api_keys", "cost_per_minute > 0")
    op.execute(NOTIFY_OF_ANY)
    op.execute(ON_ANY)


def downgrade() -> None:
    op.execute(ON_SOME)
    op.execute(NOTIFY_OF_SOME)
    op.drop_constraint(op.f("ck_api_keys_cost_per_minute"), "api_keys")
    op.drop_constraint(op.f("ck_api_keys_requests_per_minute"), "api_keys")
    op.drop_column("api_keys", "cost_per_minute")
    op.drop_column("api_keys", "requests_per_minute")
