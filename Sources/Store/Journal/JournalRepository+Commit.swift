import Postgres

extension JournalRepository {
    /// Commits many strategies' steps in one statement. A strategy appears at most once.
    ///
    /// Committing the same steps again changes nothing, so a commit whose answer was lost is simply repeated. A step that is
    /// older than what is stored – the statement of a lost connection that ran late – takes no effect.
    ///
    /// A step with a new order is refused while trading is halted: the halt is read under a lock that whoever halts waits for.
    /// An order that stands in the journal already is not new.
    ///
    /// - Throws: `PostgresError`; ``StoreError`` if an amount cannot be stored. Then nothing was written at all.
    package func commit(_ steps: [Step]) async throws -> CommitAnswer {
        let columns = try StepColumns(steps)
        var answer = CommitAnswer()
        for row in try await database.query(statement(columns, columns.parts)) {
            let (strategy, refusal, order, _) = try row.decode(Int64.self, String?.self, String?.self, String?.self)
            if let refusal = refusal.flatMap(StepRefusal.init) {
                answer.refused[strategy] = refusal
            } else if let order {
                answer.intended[strategy, default: []].insert(order)
            } else {
                answer.committed.insert(strategy)
            }
        }
        return answer
    }

    /// Commits nothing, with each of the statements that orders and fills need, so that the server has planned them when it
    /// matters: planning takes it longer than a commit.
    package func rehearseCommits() async throws {
        let nothing = try StepColumns([])
        for parts: StepColumns.Parts in [[], .exits, .entries, .trades, [.exits, .trades], [.entries, .trades]] {
            try await database.query(statement(nothing, parts))
        }
    }

    /// Only with the parts that these steps need: the server goes through all that stands in a statement, were it for nothing,
    /// and an order waits for it.
    private func statement(_ columns: StepColumns, _ parts: StepColumns.Parts) -> PostgresStatement {
        let decides = !parts.isDisjoint(with: [.exits, .entries])
        return """
            WITH input AS (
                SELECT * FROM unnest(\(columns.ids), \(columns.shards), \(columns.owners), \(columns.epochs),
                    \(columns.cursors), \(columns.candles), \(columns.states), \(columns.positions), \(columns.costs),
                    \(columns.lastPrices), \(columns.profits), \(columns.fees), \(columns.trades),
                    \(columns.reports), \(columns.exposures), \(columns.days), \(columns.dayEquities), \(columns.limits),
                    \(columns.limitReasons), \(columns.versions), \(columns.closed))
                AS t (id, shard, owner, epoch, cursor_ms, candles, state, position_e8, cost_e8, last_price_e8, pnl_e8,
                    fees_e8, trades_count, reports, exposure_e8, day_ms, day_equity_e8, limit_reached, limit_reason,
                    version, closed)
            ), guarded AS (
                SELECT s.id, s.owner, s.epoch
                FROM tenure.shards s JOIN (SELECT DISTINCT shard, owner, epoch FROM input) i
                    ON s.id = i.shard AND s.owner = i.owner AND s.epoch = i.epoch
                WHERE tenure.timeline_of(i.owner) = (SELECT tenure.current_timeline())
                -- In one order, like everybody who locks several shards.
                ORDER BY s.id FOR SHARE OF s
            )\(decides ? refusals(columns, opens: parts.contains(.entries)) : "")
            , written AS (
                UPDATE tenure.checkpoints c
                SET cursor_ms = i.cursor_ms, candles = i.candles, state = i.state, position_e8 = i.position_e8,
                    cost_e8 = i.cost_e8, last_price_e8 = i.last_price_e8, pnl_e8 = i.pnl_e8, fees_e8 = i.fees_e8,
                    trades_count = i.trades_count, reports = i.reports, exposure_e8 = i.exposure_e8, day_ms = i.day_ms,
                    day_equity_e8 = i.day_equity_e8, limit_reached = i.limit_reached, limit_reason = i.limit_reason,
                    version = i.version, closed = i.closed, updated_at = clock_timestamp()
                FROM input i JOIN guarded g ON g.id = i.shard AND g.owner = i.owner AND g.epoch = i.epoch
                WHERE c.strategy_id = i.id
                    -- Every step moves the cursor, books a fill or takes a report.
                    AND (c.cursor_ms, c.trades_count, c.reports) <= (i.cursor_ms, i.trades_count, i.reports)
                    \(raw: decides ? "AND i.id NOT IN (SELECT strategy_id FROM refused)" : "")
                RETURNING c.strategy_id, i.shard, i.epoch
            )\(decides ? decisions(columns) : "")\(parts.contains(.trades) ? trades(columns) : "")
            \(events(columns, parts, decides: decides))
            SELECT strategy_id, NULL, NULL, \(parts.contains(.notes) ? note(columns) : "NULL") FROM written
            \(decides ? Self.answers : "")
            """
    }

    /// Whose steps would let something leave that must not.
    private func refusals(_ columns: StepColumns, opens: Bool) -> PostgresStatement {
        """
        , leaving AS MATERIALIZED (
            SELECT l.strategy_id, bool_or(l.is_entry) AS opens
            FROM unnest(\(columns.leavingStrategies), \(columns.leavingOrders), \(columns.leavingEntries))
                AS l (strategy_id, order_id, is_entry)
            WHERE NOT EXISTS (SELECT FROM tenure.orders o WHERE o.client_order_id = l.order_id)
            GROUP BY l.strategy_id
        ), halt AS MATERIALIZED (
            -- After the shards, and by those who let something leave only.
            SELECT halted FROM tenure.halt WHERE \(!columns.leavingOrders.isEmpty) FOR SHARE
        )\(opens ? Self.opening : "")
        , refused AS MATERIALIZED (
            SELECT l.strategy_id, \(raw: "'\(StepRefusal.halted.rawValue)'") AS why
            FROM leaving l WHERE (SELECT halted FROM halt)
            \(opens ? Self.beyondExposure : "")
        )
        """
    }

    private static var opening: PostgresStatement {
        """
        , budget AS MATERIALIZED (
            -- After the halt, in one order, by those who open something only, and where there is a limit.
            SELECT execution, limit_e8 - used_e8 AS left_e8 FROM tenure.exposure
            WHERE limit_e8 IS NOT NULL
            ORDER BY execution FOR UPDATE
        ), opening AS (
            -- Who comes first in the statement is served first. What others free in it counts the next time.
            SELECT l.strategy_id, s.execution, i.exposure_e8 - c.exposure_e8 AS more_e8,
                sum(greatest(i.exposure_e8 - c.exposure_e8, 0)) OVER (PARTITION BY s.execution ORDER BY l.strategy_id)
                    AS sum_e8
            FROM leaving l JOIN input i ON i.id = l.strategy_id JOIN tenure.strategies s ON s.id = l.strategy_id
            JOIN tenure.checkpoints c ON c.strategy_id = l.strategy_id
            WHERE l.opens
        )
        """
    }

    private static var beyondExposure: PostgresStatement {
        """
        UNION ALL
        SELECT o.strategy_id, \(raw: "'\(StepRefusal.exposure.rawValue)'") FROM opening o JOIN budget b USING (execution)
        WHERE o.more_e8 > 0 AND o.sum_e8 > b.left_e8 AND (SELECT halted FROM halt) IS NOT TRUE
        """
    }

    private func decisions(_ columns: StepColumns) -> PostgresStatement {
        """
        , decided AS (
            INSERT INTO tenure.orders (client_order_id, strategy_id, exchange, symbol, execution, side, effect,
                quantity_e8, reason, status, status_reason, decided_on_ms, shard, epoch, filled_quantity_e8,
                signed_at_ms, receive_window_ms)
            SELECT o.id, o.strategy_id, s.exchange, s.symbol, s.execution, o.side, o.effect, o.quantity_e8, o.reason,
                o.status, o.status_reason, o.decided_on_ms, w.shard, w.epoch,
                CASE WHEN o.status = 'filled' THEN o.quantity_e8 ELSE 0 END, o.signed_at_ms, o.receive_window_ms
            FROM unnest(\(columns.orderIDs), \(columns.orderStrategies), \(columns.orderSides), \(columns.orderEffects),
                \(columns.orderQuantities), \(columns.orderReasons), \(columns.orderStatuses),
                \(columns.orderStatusReasons), \(columns.orderCandles), \(columns.orderSigned),
                \(columns.orderWindows))
                AS o (id, strategy_id, side, effect, quantity_e8, reason, status, status_reason, decided_on_ms,
                    signed_at_ms, receive_window_ms)
            JOIN written w ON w.strategy_id = o.strategy_id
            JOIN tenure.strategies s ON s.id = o.strategy_id
            ON CONFLICT (client_order_id) DO NOTHING
            RETURNING client_order_id, strategy_id, symbol, side, quantity_e8, reason, status, status_reason
        )
        """
    }

    /// What has become of orders, and fills.
    private func trades(_ columns: StepColumns) -> PostgresStatement {
        """
        , fill AS (
            SELECT f.* FROM unnest(\(columns.fillStrategies), \(columns.fillOrders), \(columns.fillTrades),
                \(columns.fillSides), \(columns.fillPrices), \(columns.fillQuantities), \(columns.fillFees),
                \(columns.fillTimes), \(columns.fillCommissions), \(columns.fillCommissionAssets))
                AS f (strategy_id, order_id, trade_id, side, price_e8, quantity_e8, fee_e8, time_ms, commission_e8,
                    commission_asset)
            JOIN written w ON w.strategy_id = f.strategy_id
        ), settled AS (
            UPDATE tenure.orders o
            SET status = e.status, status_reason = coalesce(e.reason, o.status_reason),
                filled_quantity_e8 = e.filled_e8,
                exchange_order_id = coalesce(e.exchange_order_id, o.exchange_order_id),
                updated_at = clock_timestamp()
            FROM unnest(\(columns.settledStrategies), \(columns.settledOrders), \(columns.settledStatuses),
                \(columns.settledReasons), \(columns.settledQuantities), \(columns.settledExchangeIDs))
                AS e (strategy_id, order_id, status, reason, filled_e8, exchange_order_id)
            JOIN written w ON w.strategy_id = e.strategy_id
            WHERE o.client_order_id = e.order_id AND o.strategy_id = e.strategy_id
                AND (o.status, o.filled_quantity_e8) IS DISTINCT FROM (e.status, e.filled_e8)
            RETURNING o.client_order_id, o.strategy_id, o.symbol, o.side, o.quantity_e8, o.reason, o.status,
                o.status_reason
        ), booked AS (
            INSERT INTO tenure.fills (exchange, symbol, trade_id, client_order_id, strategy_id, side, price_e8,
                quantity_e8, fee_e8, time_ms, commission_e8, commission_asset)
            SELECT s.exchange, s.symbol, f.trade_id, f.order_id, f.strategy_id, f.side, f.price_e8, f.quantity_e8,
                f.fee_e8, f.time_ms, f.commission_e8, f.commission_asset
            FROM fill f JOIN tenure.strategies s ON s.id = f.strategy_id
            ON CONFLICT (exchange, symbol, trade_id) DO NOTHING
            RETURNING trade_id, client_order_id, strategy_id, symbol, side, price_e8, quantity_e8, fee_e8
        )
        """
    }

    /// What is told of all this to whoever watches.
    private func events(_ columns: StepColumns, _ parts: StepColumns.Parts, decides: Bool) -> PostgresStatement {
        var sources: [PostgresStatement] = []
        if decides { sources.append(Self.orderEvents("decided")) }
        if parts.contains(.trades) {
            // Of a filled one the fills tell.
            let ends = "o.status IN ('canceled', 'rejected', 'expired', 'abandoned')"
            sources += [Self.orderEvents("settled", where: ends), Self.fillEvents]
        }
        if parts.contains(.notes) { sources.append(noteEvents(columns)) }
        guard let first = sources.first else { return "" }
        let union = sources.dropFirst().reduce(first) { "\($0)\nUNION ALL\n\($1)" }
        return """
            , told AS (
                INSERT INTO tenure.events (kind, strategy_id, replica_id, details)
                \(union)
            )
            """
    }

    private static func orderEvents(_ orders: String, where condition: String = "true") -> PostgresStatement {
        """
        SELECT 'order', o.strategy_id, g.owner, jsonb_build_object('symbol', o.symbol,
            'client_order_id', o.client_order_id, 'side', o.side,
            'quantity', trim_scale(o.quantity_e8 * 0.00000001)::text, 'reason', o.reason, 'status', o.status,
            'status_reason', o.status_reason)
        FROM \(raw: orders) o JOIN written w USING (strategy_id) JOIN guarded g ON g.id = w.shard
        WHERE \(raw: condition)
        """
    }

    private static var fillEvents: PostgresStatement {
        """
        SELECT 'fill', f.strategy_id, g.owner, jsonb_build_object('symbol', f.symbol,
            'client_order_id', f.client_order_id, 'trade_id', f.trade_id, 'side', f.side,
            'price', trim_scale(f.price_e8 * 0.00000001)::text, 'quantity', trim_scale(f.quantity_e8 * 0.00000001)::text,
            'fee', trim_scale(f.fee_e8 * 0.00000001)::text)
        FROM booked f JOIN written w USING (strategy_id) JOIN guarded g ON g.id = w.shard
        """
    }

    /// Limits that have been reached, and wishes of people that have been followed.
    private func noteEvents(_ columns: StepColumns) -> PostgresStatement {
        """
        SELECT 'limit_reached', i.id, g.owner, jsonb_build_object('symbol', s.symbol, 'limit', i.limit_reached,
            'reason', i.limit_reason)
        FROM input i JOIN written w ON w.strategy_id = i.id JOIN guarded g ON g.id = w.shard
        JOIN tenure.strategies s ON s.id = i.id
        -- As it was before this statement.
        JOIN tenure.checkpoints c ON c.strategy_id = i.id
        WHERE i.limit_reached IS NOT NULL AND c.limit_reached IS DISTINCT FROM i.limit_reached
        UNION ALL
        SELECT n.kind, s.id, g.owner, jsonb_strip_nulls(jsonb_build_object('symbol', s.symbol,
            'version', n.version, 'reason', n.reason,
            'position', trim_scale(i.position_e8 * 0.00000001)::text))
        FROM unnest(\(columns.announcing)) AS a (id) JOIN input i USING (id)
        JOIN written w ON w.strategy_id = i.id JOIN guarded g ON g.id = w.shard
        JOIN tenure.strategies s ON s.id = i.id JOIN tenure.checkpoints c ON c.strategy_id = i.id
        CROSS JOIN LATERAL (
            SELECT 'change_applied' AS kind, i.version, NULL AS reason WHERE c.version < i.version
            UNION ALL SELECT 'position_closed', NULL, s.closing_reason WHERE c.closed < i.closed
        ) n
        """
    }

    private func note(_ columns: StepColumns) -> PostgresStatement {
        "CASE WHEN strategy_id = ANY(\(columns.announcing)) THEN pg_notify('tenure', 'noted ' || strategy_id)::text END"
    }

    /// Beside the strategies whose steps took effect.
    private static var answers: PostgresStatement {
        """
        UNION ALL
        SELECT r.strategy_id, r.why, NULL, NULL
        FROM refused r JOIN input i ON i.id = r.strategy_id
        JOIN guarded g ON g.id = i.shard AND g.owner = i.owner AND g.epoch = i.epoch
        UNION ALL
        SELECT strategy_id, NULL, client_order_id, NULL FROM decided WHERE status = 'intended'
        """
    }
}
