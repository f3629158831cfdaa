package import Postgres
package import Trading

/// What the owner of strategies reads and writes. Every write is guarded by (shard, owner, epoch), matched under a share
/// lock on the shard's row in the statement that writes: no lock outlives the statement, and a claim that was committed
/// before makes it write nothing. The owner's id carries the timeline it joined under: on a server of another one, nothing is
/// written either.
package struct JournalRepository: Sendable {
    let database: any PostgresExecutor

    package init(_ database: any PostgresExecutor) {
        self.database = database
    }

    /// The active strategies of these shards, as far as `owner` still owns them at these epochs: those with a position or an
    /// unsettled order first.
    package func load(_ shards: [(shard: Int, epoch: Int64)], owner: Int64) async throws -> LoadedStrategies {
        let rows = try await database.query(
            """
            WITH owned AS MATERIALIZED (
                SELECT h.id, h.epoch, h.revision, o.reason,
                    -- Of its last owners only: a look into the index, however long the history is. A new timeline is no
                    -- crash: then everybody's shards are taken.
                    (SELECT count(*) FROM tenure.ownership p
                     WHERE p.shard = h.id AND p.epoch > h.epoch - 16 AND p.at > clock_timestamp() - interval '10 minutes'
                        AND p.reason = 'crash' AND tenure.timeline_of(p.previous_owner) = tenure.timeline_of(p.owner)
                    ) AS crashes
                FROM unnest(\(shards.map { Int32($0.shard) }), \(shards.map(\.epoch))) AS t (shard, epoch)
                JOIN tenure.shards h ON h.id = t.shard AND h.epoch = t.epoch AND h.owner = \(owner)
                LEFT JOIN tenure.ownership o ON o.shard = h.id AND o.epoch = h.epoch
            )
            SELECT s.id, s.symbol, s.exchange, s.strategy_type, s.interval, s.execution, s.config::text, h.id AS shard,
                s.phase, s.limits::text AS limits, s.version, s.closing, s.closing_reason, s.paused, s.last_error, s.stop_reason, coalesce(s.stop_positions = 'close', false) AS closes,
                c.cursor_ms, c.candles, c.state, c.last_price_e8, c.reports, c.version AS state_version, c.closed, h.reason AS taken, h.revision, h.crashes,
                coalesce(c.position_e8, 0) <> 0 OR EXISTS (
                    SELECT FROM tenure.orders u WHERE u.strategy_id = s.id
                        AND u.status IN ('intended', 'acknowledged', 'partially_filled')) AS exposed,
                CASE WHEN s.trial_epoch < h.epoch AND EXISTS (
                    SELECT FROM tenure.ownership p
                    WHERE p.shard = h.id AND p.epoch = s.trial_epoch + 1
                        AND p.reason = 'crash' AND tenure.timeline_of(p.previous_owner) = tenure.timeline_of(p.owner))
                    THEN s.trial_width END AS died_on_trial
            FROM owned h
            LEFT JOIN tenure.strategies s ON s.shard = h.id
            LEFT JOIN tenure.checkpoints c ON c.strategy_id = s.id
            """
        )
        var loaded = LoadedStrategies()
        // Most have what others have, too.
        var configs: [String: JSONValue] = [:]
        var limits: [String: RiskLimits] = [:]
        for row in rows {
            loaded.revisions[try row.decode("shard", as: Int.self)] = try row.decode("revision", as: Int64.self)
            // A shard without strategies.
            guard try row.decode("id", as: Int64?.self) != nil else { continue }
            do {
                loaded.strategies.append(try strategy(row, &configs, &limits))
            } catch {
                loaded.unreadable.append(try unreadable(row, error))
            }
        }
        // Shard by shard, so that the first of them are soon complete. (The server would have to sort all that it sends, states
        // included.)
        loaded.strategies.sort {
            $0.isExposed != $1.isExposed ? $0.isExposed : ($0.shard, $0.id) < ($1.shard, $1.id)
        }
        return loaded
    }

    /// What runs on this connection next is planned for tables as they are now.
    package func forgetPlans() async throws { try await database.query("DISCARD PLANS") }

    /// Those of these shards of which something else is wanted than at this revision.
    package func changed(_ revisions: [(shard: Int, revision: Int64)]) async throws -> [Int] {
        try await database.query(
            """
            SELECT h.id FROM unnest(\(revisions.map { Int32($0.shard) }), \(revisions.map(\.revision))) AS t (id, revision)
            JOIN tenure.shards h ON h.id = t.id AND h.revision <> t.revision
            """
        ).map { try $0.decode(Int.self) }
    }

    /// The markets in which the active strategies of these shards trade; those that cannot be read are left out.
    package func markets(of shards: [Int]) async throws -> [(exchange: String, symbol: Symbol, interval: Interval)] {
        try markets(
            try await database.query(
                """
                SELECT DISTINCT exchange, symbol, interval FROM tenure.strategies
                WHERE shard = ANY (\(shards.map { Int32($0) })) AND phase NOT IN ('failed', 'quarantined')
                """
            )
        )
    }

    /// Markets in which active strategies trade, wherever they run: those of the oldest; what cannot be read is left out.
    package func activeMarkets(atMost limit: Int) async throws
        -> [(exchange: String, symbol: Symbol, interval: Interval)]
    {
        try markets(
            try await database.query(
                """
                SELECT exchange, symbol, interval FROM tenure.strategies
                WHERE phase NOT IN ('failed', 'quarantined') ORDER BY id LIMIT \(limit)
                """
            )
        )
    }

    private func markets(_ rows: PostgresResult) throws -> [(exchange: String, symbol: Symbol, interval: Interval)] {
        try rows.compactMap { row in
            let (exchange, symbol, interval) = try row.decode(String.self, String.self, String.self)
            guard let symbol = Symbol(symbol), let interval = Interval(rawValue: interval) else { return nil }
            return (exchange, symbol, interval)
        }
    }

    private func strategy(
        _ row: PostgresRow,
        _ configs: inout [String: JSONValue],
        _ knownLimits: inout [String: RiskLimits]
    ) throws -> StoredStrategy {
        let (id, symbol, exchange, mode, interval, execution, config, shard, phase) = try row.decode(
            Int64.self,
            String.self,
            String.self,
            String.self,
            String.self,
            String.self,
            String.self,
            Int.self,
            String.self
        )
        guard let symbol = Symbol(symbol), let interval = Interval(rawValue: interval),
            let execution = Execution(rawValue: execution), let phase = StoredStrategy.Phase(rawValue: phase)
        else {
            throw StoreError(
                .unreadable,
                "the strategy was written by another version of Tenure: upgrade this replica, or stop the strategy"
            )
        }
        let limits = try row.decode("limits", as: String.self)
        return StoredStrategy(
            id: id,
            symbol: symbol,
            exchange: exchange,
            mode: mode,
            interval: interval,
            execution: execution,
            config: try configs.value(for: config) { try JSONValue(text: $0) },
            limits: try knownLimits.value(for: limits) { try RiskLimits(storedText: $0) },
            version: try row.decode("version", as: Int64.self),
            shard: shard,
            phase: phase,
            isPaused: try row.decode("paused", as: Bool.self),
            trouble: OrderTrouble(lastError: try row.decode("last_error", as: String?.self)),
            stop: try stop(row),
            closing: try closing(row),
            checkpoint: try checkpoint(row),
            taken: try row.decode("taken", as: String?.self),
            isExposed: try row.decode("exposed", as: Bool.self),
            recentCrashes: try row.decode("crashes", as: Int.self),
            diedOnTrial: try row.decode("died_on_trial", as: Int?.self)
        )
    }

    private func unreadable(_ row: PostgresRow, _ error: any Error) throws -> UnreadableStrategy {
        UnreadableStrategy(
            id: try row.decode("id", as: Int64.self),
            symbol: try row.decode("symbol", as: String.self),
            shard: try row.decode("shard", as: Int.self),
            isFailed: try row.decode("phase", as: String.self) == StoredStrategy.Phase.failed.rawValue,
            stop: try stop(row),
            reason: "\(error)"
        )
    }

    private func stop(_ row: PostgresRow) throws -> StoredStrategy.StopRequest? {
        guard let reason = try row.decode("stop_reason", as: String?.self) else { return nil }
        return StoredStrategy.StopRequest(reason: reason, closesPosition: try row.decode("closes", as: Bool.self))
    }

    private func closing(_ row: PostgresRow) throws -> StoredStrategy.CloseRequest? {
        guard let reason = try row.decode("closing_reason", as: String?.self) else { return nil }
        return StoredStrategy.CloseRequest(number: try row.decode("closing", as: Int64.self), reason: reason)
    }

    func checkpoint(_ row: PostgresRow) throws -> Checkpoint? {
        guard let cursor = try row.decode("cursor_ms", as: Int64?.self) else { return nil }
        return Checkpoint(
            cursor: Timestamp(milliseconds: cursor),
            candles: try row.decode("candles", as: Int.self),
            state: try row.decode("state", as: String.self),
            // The state carries the position; the columns are for people.
            position: Position(),
            lastPrice: FixedDecimal(int64: try row.decode("last_price_e8", as: Int64.self)),
            reports: try row.decode("reports", as: Int.self),
            version: try row.decode("state_version", as: Int64.self),
            closed: try row.decode("closed", as: Int64.self)
        )
    }
}

extension Dictionary {
    /// The value for the key; made, and kept, if there is none.
    fileprivate mutating func value(for key: Key, _ make: (Key) throws -> Value) rethrows -> Value {
        if let known = self[key] { return known }
        let new = try make(key)
        self[key] = new
        return new
    }
}
