package import Postgres
import Trading

/// Takes over what an earlier program left behind. Everything may be done again: what is there already stays as it is.
package struct ImportRepository: Sendable {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    package func presence(of start: EarlierStart) async throws -> EarlierStart.Presence {
        let rows = try await connection.query(
            """
            SELECT
                EXISTS (
                    SELECT FROM tenure.strategies
                    WHERE exchange = \(start.order.exchange) AND symbol = \(start.order.symbol.name)),
                EXISTS (
                    SELECT FROM tenure.strategy_history
                    WHERE exchange = \(start.order.exchange) AND symbol = \(start.order.symbol.name)
                        AND strategy_type = \(start.order.strategyType)
                        AND started_at = \(PostgresTimestamp(milliseconds: start.startedAt.milliseconds)))
            """
        )
        guard let row = rows.first else { preconditionFailure("a SELECT of two values has one row") }
        let (isActive, wasStopped) = try row.decode(Bool.self, Bool.self)
        return isActive ? .active : wasStopped ? .stopped : .none
    }

    /// Starts it, as old as it is. False if its market has been taken in the meantime.
    package func start(_ start: EarlierStart) async throws -> Bool {
        var order = start.order
        order.startedAt = start.startedAt
        order.isPaused = start.isPaused
        if case .started = try await DesiredStateRepository(database: connection).start(order) { return true }
        return false
    }

    /// Those of `stops` that are not in the history, by their places.
    package func missing(_ stops: [EarlierStop], exchange: String) async throws -> Set<Int> {
        let rows = try await connection.query(
            """
            SELECT place - 1
            FROM unnest(\(stops.map(\.symbol.name)), \(stops.map(\.strategyType)), \(stops.startedAt), \(stops.stoppedAt))
                WITH ORDINALITY AS t (symbol, strategy_type, started_at, stopped_at, place)
            WHERE NOT EXISTS (
                SELECT FROM tenure.strategy_history h
                WHERE h.symbol = t.symbol AND h.exchange = \(exchange) AND h.strategy_type = t.strategy_type
                    AND h.started_at = t.started_at AND h.stopped_at = t.stopped_at)
            """
        )
        return Set(try rows.map { row in Int(try row.decode(Int64.self) as Int64) })
    }

    /// Adds those of `stops` that are not in the history: all of them, or none.
    ///
    /// - Returns: The places of those that were added.
    package func add(_ stops: [EarlierStop], exchange: String, execution: Execution) async throws -> Set<Int> {
        // Two imports at once would both find them missing. Of the session: if this fails, its end frees the lock.
        try await connection.query("SELECT pg_advisory_lock(tenure.session_lock_namespace(), -1)")
        let missing = try await missing(stops, exchange: exchange)
        // In the order in which they were stopped, as everywhere else.
        let chosen = missing.map { stops[$0] }.sorted { ($0.stoppedAt, $0.symbol) < ($1.stoppedAt, $1.symbol) }
        try await connection.query(
            """
            INSERT INTO tenure.strategy_history (strategy_id, symbol, strategy_type, exchange, interval, execution, config,
                started_at, stopped_at, reason, pnl, fees, trades_count, position, candles, restores)
            SELECT nextval(pg_get_serial_sequence('tenure.strategies', 'id')), symbol, strategy_type, \(exchange), 'unknown',
                \(execution.rawValue), '{}', started_at, stopped_at, reason, pnl::numeric, 0, trades_count, 0, 0, 0
            FROM unnest(\(chosen.map(\.symbol.name)), \(chosen.map(\.strategyType)), \(chosen.startedAt),
                \(chosen.stoppedAt), \(chosen.map(\.reason)), \(chosen.map(\.pnl.description)), \(chosen.map(\.tradesCount)))
                WITH ORDINALITY
                AS t (symbol, strategy_type, started_at, stopped_at, reason, pnl, trades_count, place)
            ORDER BY place
            """
        )
        try await connection.query("SELECT pg_advisory_unlock(tenure.session_lock_namespace(), -1)")
        return missing
    }
}

extension [EarlierStop] {
    fileprivate var startedAt: [PostgresTimestamp] {
        map { PostgresTimestamp(milliseconds: $0.startedAt.milliseconds) }
    }
    fileprivate var stoppedAt: [PostgresTimestamp] {
        map { PostgresTimestamp(milliseconds: $0.stoppedAt.milliseconds) }
    }
}
