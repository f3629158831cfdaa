/// When each shard was released, claimed and brought up: written by a trigger, so that looking on need not be exact. One for a
/// whole statement, which costs what is measured least. (Of a fence the row itself tells, which nobody writes after it.)
enum OwnershipTrail {
    static let statements = [
        "CREATE SCHEMA benchmark",
        """
        CREATE UNLOGGED TABLE benchmark.trail (
            what text, shard integer, replica bigint, strategies integer,
            at timestamptz DEFAULT clock_timestamp(), transaction xid8 DEFAULT pg_current_xact_id())
        """,
        """
        CREATE FUNCTION benchmark.note_shards() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            INSERT INTO benchmark.trail (what, shard, replica, strategies)
            SELECT CASE WHEN a.epoch <> b.epoch THEN 'claimed'
                    WHEN a.owner IS DISTINCT FROM b.owner THEN 'released' ELSE 'ready' END,
                a.id, coalesce(a.owner, b.owner), a.strategies
            FROM before b JOIN after a USING (id)
            WHERE a.strategies > 0 AND (a.owner IS DISTINCT FROM b.owner OR a.epoch <> b.epoch
                OR a.ready_epoch <> b.ready_epoch);
            RETURN NULL;
        END $$
        """,
        """
        CREATE TRIGGER note AFTER UPDATE ON tenure.shards
        REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION benchmark.note_shards()
        """,
    ]
}
