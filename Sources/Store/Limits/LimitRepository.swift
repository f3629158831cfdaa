package import Postgres
package import Trading

/// The limits of the whole cluster.
package struct LimitRepository: Sendable {
    let database: any PostgresExecutor
    /// After this a statement is cancelled.
    let timeout: Duration?

    package init(database: any PostgresExecutor, timeout: Duration? = nil) {
        self.database = database
        self.timeout = timeout
    }

    /// For each way of trading, live first.
    package func exposure() async throws -> [ExposureLimit] {
        try await database.query(
            """
            SELECT e.execution, e.limit_e8, CASE WHEN e.limit_e8 IS NOT NULL THEN e.used_e8 ELSE (
                SELECT coalesce(sum(c.exposure_e8), 0)::bigint
                FROM tenure.checkpoints c JOIN tenure.strategies s ON s.id = c.strategy_id
                WHERE s.execution = e.execution) END
            FROM tenure.exposure e ORDER BY e.execution
            """,
            timeout: timeout
        ).map { row in
            let (execution, limit, used) = try row.decode(String.self, Int64?.self, Int64.self)
            return ExposureLimit(
                execution: execution == Execution.live.rawValue ? .live : .paper,
                limit: limit.map { FixedDecimal(int64: $0) },
                used: FixedDecimal(int64: used)
            )
        }
    }

    /// Every entry that is committed from then on keeps to it; what is held already stays.
    ///
    /// - Parameter limit: above zero, and small enough to be stored; `nil`: none.
    package func limitExposure(_ execution: Execution, to limit: FixedDecimal?, by: String?) async throws {
        let text = limit?.description
        try await database.query(
            """
            WITH before AS MATERIALIZED (
                SELECT trim_scale(limit_e8 * 0.00000001)::text AS amount FROM tenure.exposure
                WHERE execution = \(execution.rawValue)
            ), set AS MATERIALIZED (
                SELECT b.amount, tenure.limit_exposure(\(execution.rawValue), \(limit?.int64))::text FROM before b
            )
            INSERT INTO tenure.events (kind, details)
            SELECT 'limit_set', jsonb_strip_nulls(jsonb_build_object('limit', 'exposure', 'execution', \(execution.rawValue)::text,
                'from', s.amount, 'to', \(text)::text, 'by', \(by)::text))
            FROM set s
            """,
            timeout: timeout
        )
    }
}
