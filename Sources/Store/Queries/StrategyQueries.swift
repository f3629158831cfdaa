package import Postgres
package import Trading

/// Reads what people want to see of strategies. Every method is one statement on one snapshot.
package struct StrategyQueries: Sendable {
    let database: any PostgresExecutor
    /// After this a statement is cancelled, so that a request has an answer even when the database has none.
    let timeout: Duration?

    package init(database: any PostgresExecutor, timeout: Duration? = nil) {
        self.database = database
        self.timeout = timeout
    }

    // MARK: Active ones

    /// The active strategies, oldest first, whoever runs them.
    ///
    /// - Parameter after: The id of the last one of the page before.
    package func active(
        symbol: Symbol? = nil,
        exchange: String? = nil,
        status: StrategyStatus? = nil,
        after: Int64? = nil,
        limit: Int
    ) async throws -> Page<ActiveStrategy, Int64> {
        let rows = try await database.read(
            """
            SELECT \(raw: ActiveStrategy.columns) FROM tenure.active_strategies
            WHERE id > \(after ?? 0)
                AND symbol = coalesce(\(symbol?.name as String?), symbol)
                AND exchange = coalesce(\(exchange as String?), exchange)
                AND status = coalesce(\(status?.rawValue as String?), status)
            ORDER BY id LIMIT \(limit + 1)
            """,
            timeout: timeout
        )
        return Page(found: try rows.map(ActiveStrategy.init), limit: limit, position: \.id)
    }

    package func active(id: Int64) async throws -> ActiveStrategy? {
        let rows = try await database.read(
            "SELECT \(raw: ActiveStrategy.columns) FROM tenure.active_strategies WHERE id = \(id)",
            timeout: timeout
        )
        return try rows.first.map(ActiveStrategy.init)
    }

    package func active(exchange: String, symbol: Symbol) async throws -> ActiveStrategy? {
        let rows = try await database.read(
            """
            SELECT \(raw: ActiveStrategy.columns) FROM tenure.active_strategies
            WHERE exchange = \(exchange) AND symbol = \(symbol.name)
            """,
            timeout: timeout
        )
        return try rows.first.map(ActiveStrategy.init)
    }

    // MARK: Stopped ones

    /// - Parameter id: The strategy's id.
    package func stopped(id: Int64) async throws -> StoppedStrategy? {
        let rows = try await database.read(
            "SELECT \(raw: StoppedStrategy.columns) FROM tenure.strategy_history WHERE strategy_id = \(id)",
            timeout: timeout
        )
        return try rows.first.map(StoppedStrategy.init)
    }

    /// Whether there is or was such a strategy.
    package func exists(id: Int64) async throws -> Bool {
        let rows = try await database.read(
            """
            SELECT EXISTS (SELECT FROM tenure.strategies WHERE id = \(id))
                OR EXISTS (SELECT FROM tenure.strategy_history WHERE strategy_id = \(id))
            """,
            timeout: timeout
        )
        return try rows.first?.decode(Bool.self) ?? false
    }
}
