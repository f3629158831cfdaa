package import Postgres

/// For how long exchanges want to be left alone, as any replica was told. By PostgreSQL's clock.
package struct PauseRepository: Sendable {
    let database: any PostgresExecutor

    package init(_ database: any PostgresExecutor) {
        self.database = database
    }

    /// Tells everybody, unless a pause is known that lasts as long.
    ///
    /// - Parameter scope: what it holds for; a text that means something to who reads it.
    package func tell(_ exchange: String, _ scope: String, left: Duration) async throws {
        try await database.query(
            """
            WITH told AS (
                INSERT INTO tenure.exchange_pauses AS p (exchange, scope, until)
                VALUES (\(exchange), \(scope), clock_timestamp() + \(left)::interval)
                ON CONFLICT (exchange, scope) DO UPDATE SET until = EXCLUDED.until
                WHERE EXCLUDED.until > p.until + interval '1 second'
                RETURNING exchange
            )
            SELECT pg_notify('tenure', 'pause 0') FROM told
            """
        )
    }

    /// What is not over yet: how much of it is left, by scope.
    package func current(_ exchange: String) async throws -> [String: Duration] {
        let rows = try await database.query(
            """
            SELECT scope, (extract(epoch FROM until - clock_timestamp()) * 1000)::bigint FROM tenure.exchange_pauses
            WHERE exchange = \(exchange) AND until > clock_timestamp()
            """
        )
        let pauses = try rows.map { try $0.decode(String.self, Int64.self) }
        return Dictionary(uniqueKeysWithValues: pauses.map { ($0.0, .milliseconds($0.1)) })
    }
}
