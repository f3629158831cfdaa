import Postgres
import Trading

extension StrategyQueries {
    /// A window on the active strategies in any order, as a table shows them.
    ///
    /// - Parameter offset: How many are left out before the first one.
    /// - Returns: The strategies, and how many there are in all; that is 0 where `offset` is beyond the end.
    package func selected(
        _ selection: StrategySelection,
        sortedBy sorting: StrategySorting = .symbol,
        descending: Bool = false,
        offset: Int = 0,
        limit: Int
    ) async throws -> (items: [ActiveStrategy], total: Int64) {
        let direction = descending ? "DESC NULLS LAST" : "ASC NULLS LAST"
        let rows = try await database.read(
            """
            SELECT f.*, count(*) OVER () AS total
            FROM (SELECT \(raw: ActiveStrategy.columns) FROM tenure.active_strategies) f
            WHERE (\(selection.text as String?)::text IS NULL
                    OR strpos(lower(symbol || ' ' || strategy_type || ' ' || coalesce(owner_name, '')),
                        lower(\(selection.text as String?))) > 0)
                AND status = coalesce(\(selection.status?.rawValue as String?), status)
                AND strategy_type = coalesce(\(selection.mode as String?), strategy_type)
                AND execution = coalesce(\(selection.execution?.rawValue as String?), execution)
                AND (\(selection.owner as Int64?)::bigint IS NULL OR owner = \(selection.owner as Int64?))
            ORDER BY \(raw: sorting.column) \(raw: direction), symbol, id
            LIMIT \(limit) OFFSET \(Int64(offset))
            """,
            timeout: timeout
        )
        let total: Int64 = try rows.first.map { try $0.decode("total") } ?? 0
        return (try rows.map(ActiveStrategy.init), total)
    }
}
