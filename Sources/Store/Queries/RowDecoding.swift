import Postgres
import Trading

// How the rows of each list are read: the columns of the statement, and the same in the same order as Swift types.

extension ActiveStrategy {
    static let columns = """
        id, symbol, exchange, strategy_type, interval, execution, config, status, started_at, last_active, \
        owner, owner_name, shard, epoch, restores, position, pnl, unrealized_pnl, fees, trades_count, \
        candles, last_candle, last_error, \
        coalesce((SELECT round(c.position_e8::numeric * c.last_price_e8 * 0.0000000000000001, 8) \
        FROM tenure.checkpoints c WHERE c.strategy_id = active_strategies.id), 0) AS exposure, \
        (SELECT s.limits FROM tenure.strategies s WHERE s.id = active_strategies.id) AS limits, \
        (SELECT c.limit_reached FROM tenure.checkpoints c WHERE c.strategy_id = active_strategies.id) AS limit_reached, \
        (SELECT c.limit_reason FROM tenure.checkpoints c WHERE c.strategy_id = active_strategies.id) AS limit_reason, \
        coalesce((SELECT active_strategies.pnl + active_strategies.unrealized_pnl - c.day_equity_e8 * 0.00000001 \
        FROM tenure.checkpoints c WHERE c.strategy_id = active_strategies.id AND c.day_ms IS NOT NULL), 0) AS pnl_today, \
        (SELECT s.version FROM tenure.strategies s WHERE s.id = active_strategies.id) AS version, \
        coalesce((SELECT c.version FROM tenure.checkpoints c WHERE c.strategy_id = active_strategies.id), 0) \
        AS applied_version, \
        (SELECT s.closing FROM tenure.strategies s WHERE s.id = active_strategies.id) AS closing, \
        coalesce((SELECT c.closed FROM tenure.checkpoints c WHERE c.strategy_id = active_strategies.id), 0) AS closed
        """

    init(row: PostgresRow) throws {
        let row = try row.decode(
            Int64.self,
            String.self,
            String.self,
            String.self,
            String.self,
            String.self,
            PostgresJSON.self,
            StrategyStatus.self,
            PostgresTimestamp.self,
            PostgresTimestamp.self,
            Int64?.self,
            String?.self,
            Int32.self,
            Int64.self,
            Int64.self,
            DecimalColumn.self,
            DecimalColumn.self,
            DecimalColumn.self,
            DecimalColumn.self,
            Int64.self,
            Int64.self,
            PostgresTimestamp?.self,
            String?.self,
            DecimalColumn.self,
            PostgresJSON.self,
            String?.self,
            String?.self,
            DecimalColumn.self,
            Int64.self,
            Int64.self,
            Int64.self,
            Int64.self
        )
        id = row.0
        symbol = row.1
        exchange = row.2
        strategyType = row.3
        interval = row.4
        execution = row.5
        config = row.6.text
        status = row.7
        startedAt = row.8.timestamp
        lastActive = row.9.timestamp
        owner = row.10.map { Owner(id: $0, name: row.11 ?? "") }
        shard = Int(row.12)
        epoch = row.13
        restores = row.14
        position = row.15.value
        pnl = row.16.value
        unrealizedPnL = row.17.value
        fees = row.18.value
        tradesCount = row.19
        candles = row.20
        lastCandle = row.21?.timestamp
        lastError = row.22
        exposure = row.23.value
        limits = row.24.text
        limitReached = row.25.map { ReachedLimit(name: $0, reason: row.26 ?? "") }
        pnlToday = row.27.value
        version = row.28
        appliedVersion = row.29
        closing = row.30
        closed = row.31
    }
}

extension StoppedStrategy {
    static let columns = """
        id, strategy_id, symbol, exchange, strategy_type, interval, execution, config, started_at, \
        stopped_at, reason, pnl, fees, trades_count, position, candles, restores, last_candle
        """

    init(row: PostgresRow) throws {
        let row = try row.decode(
            Int64.self,
            Int64.self,
            String.self,
            String.self,
            String.self,
            String.self,
            String.self,
            PostgresJSON.self,
            PostgresTimestamp.self,
            PostgresTimestamp.self,
            String.self,
            DecimalColumn.self,
            DecimalColumn.self,
            Int64.self,
            DecimalColumn.self,
            Int64.self,
            Int64.self,
            PostgresTimestamp?.self
        )
        recordID = row.0
        strategyID = row.1
        symbol = row.2
        exchange = row.3
        strategyType = row.4
        interval = row.5
        execution = row.6
        config = row.7.text
        startedAt = row.8.timestamp
        stoppedAt = row.9.timestamp
        reason = row.10
        pnl = row.11.value
        fees = row.12.value
        tradesCount = row.13
        position = row.14.value
        candles = row.15
        restores = row.16
        lastCandle = row.17?.timestamp
    }
}

extension ListedOrder {
    static let columns = """
        client_order_id, strategy_id, exchange, symbol, execution, side, effect, quantity_e8, \
        filled_quantity_e8, reason, status, status_reason, decided_on_ms, shard, epoch, exchange_order_id, \
        created_at, updated_at
        """

    init(row: PostgresRow) throws {
        let row = try row.decode(
            String.self,
            Int64.self,
            String.self,
            String.self,
            String.self,
            String.self,
            String.self,
            Int64.self,
            Int64.self,
            String.self,
            String.self,
            String?.self,
            Int64.self,
            Int32.self,
            Int64.self,
            String?.self,
            PostgresTimestamp.self,
            PostgresTimestamp.self
        )
        clientOrderID = row.0
        strategyID = row.1
        exchange = row.2
        symbol = row.3
        execution = row.4
        side = row.5
        effect = row.6
        quantity = FixedDecimal(int64: row.7)
        filledQuantity = FixedDecimal(int64: row.8)
        reason = row.9
        status = row.10
        statusReason = row.11
        decidedOn = Timestamp(milliseconds: row.12)
        shard = Int(row.13)
        epoch = row.14
        exchangeOrderID = row.15
        createdAt = row.16.timestamp
        updatedAt = row.17.timestamp
        position = Position(createdAtMicroseconds: row.16.microseconds, clientOrderID: row.0)
    }
}

extension ListedFill {
    static let columns = """
        trade_id, client_order_id, strategy_id, exchange, symbol, side, price_e8, quantity_e8, fee_e8, \
        time_ms, commission_e8, commission_asset
        """

    init(row: PostgresRow) throws {
        let row = try row.decode(
            String.self,
            String.self,
            Int64.self,
            String.self,
            String.self,
            String.self,
            Int64.self,
            Int64.self,
            Int64.self,
            Int64.self,
            Int64?.self,
            String?.self
        )
        tradeID = row.0
        clientOrderID = row.1
        strategyID = row.2
        exchange = row.3
        symbol = row.4
        side = row.5
        price = FixedDecimal(int64: row.6)
        quantity = FixedDecimal(int64: row.7)
        fee = FixedDecimal(int64: row.8)
        time = Timestamp(milliseconds: row.9)
        commission = row.10.map { FixedDecimal(int64: $0) }
        commissionAsset = row.11
    }
}

extension ListedEvent {
    static let columns = "id, at, kind, strategy_id, replica_id, details"

    init(row: PostgresRow) throws {
        let row = try row.decode(
            Int64.self,
            PostgresTimestamp.self,
            String.self,
            Int64?.self,
            Int64?.self,
            PostgresJSON.self
        )
        id = row.0
        at = row.1.timestamp
        kind = row.2
        strategyID = row.3
        replicaID = row.4
        details = row.5.text
    }
}

extension OwnershipChange {
    static let columns = """
        o.shard, o.epoch, o.owner, o.owner_name, o.previous_owner, o.previous_name, o.reason, o.fenced_reason, \
        o.strategies, o.at, o.released_at, o.ready_at, \
        round(extract(epoch FROM o.ready_at - o.released_at) * 1000)::bigint
        """

    init(row: PostgresRow) throws {
        let row = try row.decode(
            Int32.self,
            Int64.self,
            Int64.self,
            String.self,
            Int64?.self,
            String?.self,
            String.self,
            String?.self,
            Int32?.self,
            PostgresTimestamp.self,
            PostgresTimestamp?.self,
            PostgresTimestamp?.self,
            Int64?.self
        )
        shard = Int(row.0)
        epoch = row.1
        owner = Owner(id: row.2, name: row.3)
        previousOwner = row.4.map { Owner(id: $0, name: row.5 ?? "") }
        reason = row.6
        fencedReason = row.7
        strategies = row.8.map { Int($0) }
        at = row.9.timestamp
        releasedAt = row.10?.timestamp
        readyAt = row.11?.timestamp
        gapMilliseconds = row.12
        position = Position(atMicroseconds: row.9.microseconds, shard: Int(row.0))
    }
}

extension ListedReplica {
    init(row: PostgresRow) throws {
        let row = try row.decode(
            Int64.self,
            String.self,
            String.self,
            Int32.self,
            String.self,
            Bool.self,
            Int32.self,
            Int64.self,
            Int64.self,
            PostgresTimestamp.self,
            PostgresTimestamp.self,
            PostgresTimestamp.self,
            Int64.self,
            PostgresTimestamp?.self,
            Int64?.self,
            String?.self,
            PostgresTimestamp?.self
        )
        id = row.0
        name = row.1
        host = row.2
        pid = Int(row.3)
        version = row.4
        draining = row.5
        capacity = Int(row.6)
        shards = row.7
        strategies = row.8
        startedAt = row.9.timestamp
        heartbeatAt = row.10.timestamp
        leaseExpiresAt = row.11.timestamp
        leaseRemainingMilliseconds = row.12
        drainRequestedAt = row.16?.timestamp
        fencing = row.13.map { Fencing(at: $0.timestamp, by: row.14, reason: row.15) }
        status =
            if fencing != nil { .fenced } else if row.12 <= 0 { .expired } else if row.5 { .draining } else { .live }
    }
}

extension StrategyStatus: PostgresDecodable {}

extension PostgresTimestamp {
    /// The moment, cut to milliseconds.
    var timestamp: Timestamp { Timestamp(milliseconds: milliseconds) }
}
