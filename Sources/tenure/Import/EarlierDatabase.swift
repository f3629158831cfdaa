/// What the earlier, single-process version kept: read as it is, at one moment.
struct EarlierDatabase {
    struct ActiveRow {
        let row: Int64
        let symbol, strategyType, exchange, config, startedAt, status: SQLiteFile.Value
    }

    struct HistoryRow {
        let row: Int64
        let symbol, strategyType, startedAt, stoppedAt, reason, pnl, tradesCount: SQLiteFile.Value
    }

    let active: [ActiveRow]
    let history: [HistoryRow]

    init(path: String) throws(SQLiteFile.Failure) {
        let file = try SQLiteFile(path: path)
        // Both tables as of one moment, should something still write.
        _ = try file.rows("BEGIN")
        active = try file.rows(
            """
            SELECT rowid, symbol, strategy_type, exchange, config, started_at, status, last_active
            FROM active_strategies ORDER BY rowid
            """
        ).map { row in
            ActiveRow(
                row: row[0].rowID,
                symbol: row[1],
                strategyType: row[2],
                exchange: row[3],
                config: row[4],
                startedAt: row[5],
                status: row[6]
            )
        }
        history = try file.rows(
            """
            SELECT rowid, symbol, strategy_type, started_at, stopped_at, reason, pnl, trades_count
            FROM strategy_history ORDER BY rowid
            """
        ).map { row in
            HistoryRow(
                row: row[0].rowID,
                symbol: row[1],
                strategyType: row[2],
                startedAt: row[3],
                stoppedAt: row[4],
                reason: row[5],
                pnl: row[6],
                tradesCount: row[7]
            )
        }
    }
}

extension SQLiteFile.Value {
    fileprivate var rowID: Int64 {
        guard case .integer(let id) = self else { preconditionFailure("a rowid is an integer") }
        return id
    }
}
