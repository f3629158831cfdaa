import Postgres

/// Triggers in the cluster's database that write down every write on a strategy's behalf and every change of ownership, in the
/// transaction that makes it: what the judge goes by, and nothing that the product could get wrong.
enum Trail {
    /// - Parameter database: As a superuser.
    static func install(_ database: PostgresConnection) async throws {
        for statement in statements { try await database.query(PostgresStatement(unsafeSQL: statement)) }
    }

    /// One at a time: the tables of replicas under way are locked but for a moment.
    private static let statements = [
        "CREATE SCHEMA nemesis",
        """
        CREATE TABLE nemesis.writes (
            n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            kind text NOT NULL,
            strategy bigint NOT NULL,
            -- Of the strategy's shard, at that moment.
            shard integer, owner bigint, epoch bigint,
            -- The connection that wrote, and whether it is one of the owner's process.
            writer text NOT NULL, rightful boolean NOT NULL,
            cursor_ms bigint, candles bigint, trades bigint, last_price_e8 bigint, state text,
            at timestamptz NOT NULL DEFAULT clock_timestamp(),
            transaction xid8 NOT NULL DEFAULT pg_current_xact_id())
        """,
        """
        CREATE TABLE nemesis.claims (
            shard integer, epoch bigint, owner bigint, previous_owner bigint, previous_lives boolean,
            at timestamptz NOT NULL DEFAULT clock_timestamp(),
            transaction xid8 NOT NULL DEFAULT pg_current_xact_id())
        """,
        """
        CREATE FUNCTION nemesis.note_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        DECLARE
            home record;
            place integer;
        BEGIN
            IF TG_TABLE_NAME = 'orders' THEN
                place := NEW.shard;
            ELSE
                SELECT shard INTO place FROM tenure.strategies WHERE id = NEW.strategy_id;
                IF place IS NULL THEN  -- It is being moved to the history.
                    SELECT shard INTO place FROM nemesis.writes WHERE strategy = NEW.strategy_id ORDER BY n DESC LIMIT 1;
                END IF;
            END IF;
            SELECT s.owner, s.epoch, r.instance INTO home
            FROM tenure.shards s LEFT JOIN tenure.replicas r ON r.id = s.owner WHERE s.id = place;
            INSERT INTO nemesis.writes (kind, strategy, shard, owner, epoch, writer, rightful)
            VALUES (TG_TABLE_NAME, NEW.strategy_id, place, home.owner, home.epoch, current_setting('application_name'),
                place IS NULL OR coalesce('tenure/' || home.instance = current_setting('application_name'), false));
            IF TG_TABLE_NAME = 'checkpoints' THEN
                UPDATE nemesis.writes SET cursor_ms = NEW.cursor_ms, candles = NEW.candles, trades = NEW.trades_count,
                    last_price_e8 = NEW.last_price_e8, state = CASE WHEN TG_OP = 'INSERT' THEN NEW.state END
                WHERE n = currval('nemesis.writes_n_seq');
            ELSIF TG_TABLE_NAME = 'orders' THEN
                -- Under which token it was decided, as the product has it.
                UPDATE nemesis.writes SET rightful = rightful AND epoch = NEW.epoch
                WHERE n = currval('nemesis.writes_n_seq');
            END IF;
            RETURN NULL;
        END $$
        """,
        """
        CREATE FUNCTION nemesis.note_claim() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            INSERT INTO nemesis.claims (shard, epoch, owner, previous_owner, previous_lives)
            SELECT NEW.id, NEW.epoch, NEW.owner, OLD.owner,
                EXISTS (SELECT FROM tenure.replicas WHERE id = OLD.owner AND fenced_at IS NULL);
            RETURN NULL;
        END $$
        """,
        """
        CREATE TRIGGER note_checkpoint AFTER INSERT OR UPDATE ON tenure.checkpoints
        FOR EACH ROW EXECUTE FUNCTION nemesis.note_write()
        """,
        "CREATE TRIGGER note_order AFTER INSERT ON tenure.orders FOR EACH ROW EXECUTE FUNCTION nemesis.note_write()",
        """
        CREATE TRIGGER note_history AFTER INSERT ON tenure.strategy_history
        FOR EACH ROW EXECUTE FUNCTION nemesis.note_write()
        """,
        """
        CREATE TRIGGER note_claim AFTER UPDATE ON tenure.shards
        FOR EACH ROW WHEN (OLD.epoch <> NEW.epoch) EXECUTE FUNCTION nemesis.note_claim()
        """,
    ]
}
