package import Postgres
import Trading

/// What the owner of strategies reads and writes. Every write is guarded by (shard, owner, epoch), matched under a share
/// lock on the shard's row in the statement that writes: no lock outlives the statement, and a claim that was committed
/// before makes it write nothing.
package struct JournalRepository: Sendable {
    let database: any PostgresExecutor

    package init(_ database: any PostgresExecutor) {
        self.database = database
    }

    /// The active strategies of these shards, as far as `owner` still owns them: those with a position or an open order
    /// first.
    package func load(shards: [Int], owner: Int64) async throws -> [StoredStrategy] {
        let rows = try await database.query(
            """
            SELECT s.id, s.symbol, s.exchange, s.strategy_type, s.interval, s.execution, s.config::text, s.shard, s.phase,
                s.paused, s.stop_reason, coalesce(s.stop_positions = 'close', false) AS closes,
                c.cursor_ms, c.candles, c.state, c.last_price_e8
            FROM tenure.strategies s
            JOIN tenure.shards h ON h.id = s.shard AND h.owner = \(owner)
            LEFT JOIN tenure.checkpoints c ON c.strategy_id = s.id
            WHERE s.shard = ANY(\(shards.map(Int32.init)))
            ORDER BY coalesce(c.position_e8, 0) <> 0 DESC, s.id
            """
        )
        return try rows.map(decode)
    }

    private func decode(_ row: PostgresRow) throws -> StoredStrategy {
        let (id, symbol, exchange, mode, interval, execution, config, shard, phase) = try row.decode(
            Int64.self, String.self, String.self, String.self, String.self, String.self, String.self, Int.self, String.self
        )
        let cursor = try row.decode("cursor_ms", as: Int64?.self)
        guard let symbol = Symbol(symbol), let interval = Interval(rawValue: interval),
            let execution = Execution(rawValue: execution), let phase = StoredStrategy.Phase(rawValue: phase)
        else {
            throw StoreError(.unreadable, "strategy \(id) was written by a newer version of Tenure: upgrade this replica")
        }
        var checkpoint: Checkpoint?
        if let cursor {
            checkpoint = Checkpoint(
                cursor: Timestamp(milliseconds: cursor),
                candles: try row.decode("candles", as: Int.self),
                state: try row.decode("state", as: String.self),
                // The state carries the position; the columns are for people.
                position: Position(),
                lastPrice: FixedDecimal(int64: try row.decode("last_price_e8", as: Int64.self))
            )
        }
        var stop: StoredStrategy.StopRequest?
        if let reason = try row.decode("stop_reason", as: String?.self) {
            stop = StoredStrategy.StopRequest(reason: reason, closesPosition: try row.decode("closes", as: Bool.self))
        }
        return StoredStrategy(
            id: id,
            symbol: symbol,
            exchange: exchange,
            mode: mode,
            interval: interval,
            execution: execution,
            config: try JSONValue(text: config),
            shard: shard,
            phase: phase,
            isPaused: try row.decode("paused", as: Bool.self),
            stop: stop,
            checkpoint: checkpoint
        )
    }
}
