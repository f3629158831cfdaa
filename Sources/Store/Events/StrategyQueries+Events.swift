import Postgres

/// The event log as a stream, oldest first.
extension StrategyQueries {
    /// What is at the end of the log, for ``EventOrder``.
    package func eventTail(after position: Int64, limit: Int) async throws -> EventTail {
        let rows = try await database.query(
            """
            SELECT \(raw: ListedEvent.columns),
                at < clock_timestamp() - \(EventTail.patience.inSeconds) * interval '1 s' AS is_old,
                pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest_running,
                pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next_transaction
            FROM tenure.events WHERE id > \(position) ORDER BY id LIMIT \(limit)
            """,
            timeout: timeout
        )
        let events = try rows.map(ListedEvent.init)
        let isOld = try rows.map { try $0.decode("is_old", as: Bool.self) }
        return EventTail(
            events: events,
            old: Set(zip(events, isOld).filter(\.1).map(\.0.id)),
            oldestRunning: try rows.first?.decode("oldest_running") ?? 0,
            nextTransaction: try rows.first?.decode("next_transaction") ?? 0
        )
    }

    /// Events between two positions, the first not included: for readers that come back.
    package func events(after: Int64, upTo last: Int64, limit: Int) async throws -> [ListedEvent] {
        let rows = try await database.query(
            """
            SELECT \(raw: ListedEvent.columns) FROM tenure.events
            WHERE id > \(after) AND id <= \(last) ORDER BY id LIMIT \(limit)
            """,
            timeout: timeout
        )
        return try rows.map(ListedEvent.init)
    }

    /// The newest event's id; 0 if there is none.
    package func lastEvent() async throws -> Int64 {
        let rows = try await database.query("SELECT coalesce(max(id), 0) FROM tenure.events", timeout: timeout)
        return try rows[0].decode(Int64.self)
    }

    /// Where to begin reading the tail, so that nothing under way is missed: before whatever is younger than
    /// ``EventTail/patience``.
    package func eventStart() async throws -> Int64 {
        let rows = try await database.query(
            """
            SELECT coalesce(
                min(id) FILTER (WHERE at >= clock_timestamp() - \(EventTail.patience.inSeconds) * interval '1 s') - 1,
                max(id), 0)
            FROM (SELECT id, at FROM tenure.events ORDER BY id DESC LIMIT 1000) AS recent
            """,
            timeout: timeout
        )
        return try rows[0].decode(Int64.self)
    }
}

extension Duration {
    fileprivate var inSeconds: Double { self / .seconds(1) }
}
