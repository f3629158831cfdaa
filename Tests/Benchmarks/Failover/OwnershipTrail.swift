/// When each shard was released, claimed and brought up, and each replica fenced: written by triggers, so that looking on
/// need not be exact.
enum OwnershipTrail {
    static let statements = [
        "CREATE SCHEMA benchmark",
        """
        CREATE UNLOGGED TABLE benchmark.trail (
            what text, shard integer, replica bigint, strategies integer,
            at timestamptz DEFAULT clock_timestamp(), transaction xid8 DEFAULT pg_current_xact_id())
        """,
        """
        CREATE FUNCTION benchmark.note_shard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            INSERT INTO benchmark.trail (what, shard, replica, strategies) VALUES (
                CASE WHEN NEW.epoch <> OLD.epoch THEN 'claimed'
                    WHEN NEW.owner IS DISTINCT FROM OLD.owner THEN 'released' ELSE 'ready' END,
                NEW.id, CASE WHEN NEW.owner IS NULL THEN OLD.owner ELSE NEW.owner END, NEW.strategies);
            RETURN NULL;
        END $$
        """,
        """
        CREATE TRIGGER note AFTER UPDATE ON tenure.shards FOR EACH ROW
        WHEN (NEW.strategies > 0 AND (NEW.owner IS DISTINCT FROM OLD.owner OR NEW.epoch <> OLD.epoch
            OR NEW.ready_epoch <> OLD.ready_epoch))
        EXECUTE FUNCTION benchmark.note_shard()
        """,
        """
        CREATE FUNCTION benchmark.note_fence() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            INSERT INTO benchmark.trail (what, replica) VALUES ('fenced', NEW.id);
            RETURN NULL;
        END $$
        """,
        """
        CREATE TRIGGER note AFTER UPDATE ON tenure.replicas FOR EACH ROW
        WHEN (NEW.fenced_at IS NOT NULL AND OLD.fenced_at IS NULL) EXECUTE FUNCTION benchmark.note_fence()
        """,
    ]
}
