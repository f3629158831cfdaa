import Postgres
package import Trading

/// Who did what: the events with a name in `by`, and those of them that have been put aside.
extension StrategyQueries {
    /// - Parameters:
    ///   - before: The id of the last one of the page before.
    package func audit(
        by name: String? = nil,
        symbol: Symbol? = nil,
        kinds: [String]? = nil,
        before: Int64? = nil,
        limit: Int
    ) async throws -> Page<AuditEntry, Int64> {
        let rows = try await database.read(
            """
            SELECT a.id, a.at, a.kind, a.strategy_id, a.replica_id, a.details, a.details ->> 'by' AS by,
                coalesce(s.symbol, h.symbol, a.details ->> 'symbol') AS symbol,
                coalesce(s.exchange, h.exchange, a.details ->> 'exchange') AS exchange
            FROM (
                SELECT \(raw: ListedEvent.columns) FROM tenure.events WHERE jsonb_typeof(details -> 'by') = 'string'
                UNION ALL
                SELECT \(raw: ListedEvent.columns) FROM tenure.audit
            ) AS a
            LEFT JOIN tenure.strategies s ON s.id = a.strategy_id
            LEFT JOIN tenure.strategy_history h ON h.strategy_id = a.strategy_id
            WHERE a.id < \(before ?? Int64.max)
                AND (\(name as String?)::text IS NULL OR a.details ->> 'by' = \(name as String?))
                AND (\(kinds == nil) OR a.kind = ANY (\(kinds ?? [])))
                AND (\(symbol?.name as String?)::text IS NULL
                    OR coalesce(s.symbol, h.symbol, a.details ->> 'symbol') = \(symbol?.name as String?))
            ORDER BY a.id DESC LIMIT \(limit + 1)
            """,
            timeout: timeout
        )
        let entries = try rows.map { row in
            AuditEntry(
                event: ListedEvent(
                    id: try row.decode("id"),
                    at: try row.decode("at", as: PostgresTimestamp.self).timestamp,
                    kind: try row.decode("kind"),
                    strategyID: try row.decode("strategy_id"),
                    replicaID: try row.decode("replica_id"),
                    details: try row.decode("details", as: PostgresJSON.self).text
                ),
                by: try row.decode("by"),
                symbol: try row.decode("symbol"),
                exchange: try row.decode("exchange")
            )
        }
        return Page(found: entries, limit: limit, position: \.event.id)
    }
}
