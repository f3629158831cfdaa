import Trading

/// Steps turned into columns: binary arrays through `unnest` are the fastest way to write many rows.
struct StepColumns {
    private(set) var ids: [Int64] = []
    private(set) var shards: [Int32] = []
    private(set) var owners: [Int64] = []
    private(set) var epochs: [Int64] = []
    private(set) var cursors: [Int64] = []
    private(set) var candles: [Int64] = []
    private(set) var states: [String] = []
    private(set) var positions: [Int64] = []
    private(set) var costs: [Int64] = []
    private(set) var lastPrices: [Int64] = []
    private(set) var profits: [Int64] = []
    private(set) var fees: [Int64] = []
    private(set) var trades: [Int64] = []
    private(set) var reports: [Int64] = []
    private(set) var exposures: [Int64] = []
    private(set) var days: [Int64?] = []
    private(set) var dayEquities: [Int64] = []
    private(set) var limits: [String?] = []
    private(set) var limitReasons: [String?] = []
    private(set) var versions: [Int64] = []
    private(set) var closed: [Int64] = []
    /// Strategies of which something is to be announced.
    private(set) var announcing: [Int64] = []

    private(set) var orderIDs: [String] = []
    private(set) var orderStrategies: [Int64] = []
    private(set) var orderSides: [String] = []
    private(set) var orderEffects: [String] = []
    private(set) var orderQuantities: [Int64] = []
    private(set) var orderReasons: [String] = []
    private(set) var orderStatuses: [String] = []
    private(set) var orderStatusReasons: [String?] = []
    private(set) var orderCandles: [Int64] = []
    private(set) var orderSigned: [Int64?] = []
    private(set) var orderWindows: [Int64?] = []

    /// Orders that would leave, if they are new.
    private(set) var leavingStrategies: [Int64] = []
    private(set) var leavingOrders: [String] = []
    private(set) var leavingEntries: [Bool] = []

    private(set) var settledStrategies: [Int64] = []
    private(set) var settledOrders: [String] = []
    private(set) var settledStatuses: [String] = []
    private(set) var settledReasons: [String?] = []
    private(set) var settledQuantities: [Int64] = []
    private(set) var settledExchangeIDs: [String?] = []

    private(set) var fillStrategies: [Int64] = []
    private(set) var fillOrders: [String] = []
    private(set) var fillTrades: [String] = []
    private(set) var fillSides: [String] = []
    private(set) var fillPrices: [Int64] = []
    private(set) var fillQuantities: [Int64] = []
    private(set) var fillFees: [Int64] = []
    private(set) var fillTimes: [Int64] = []
    private(set) var fillCommissions: [Int64?] = []
    private(set) var fillCommissionAssets: [String?] = []

    /// What steps may consist of beside their checkpoints.
    struct Parts: OptionSet {
        let rawValue: Int

        /// Orders that open nothing, or are not to leave.
        static let exits = Parts(rawValue: 1)
        /// Orders of which one at least may open something.
        static let entries = Parts(rawValue: 2)
        /// Settlements and fills.
        static let trades = Parts(rawValue: 4)
        /// What people are told beside that.
        static let notes = Parts(rawValue: 8)
    }

    var parts: Parts {
        var parts: Parts = []
        if !orderIDs.isEmpty { parts.insert(leavingEntries.contains(true) ? .entries : .exits) }
        if !settledOrders.isEmpty || !fillOrders.isEmpty { parts.insert(.trades) }
        if !announcing.isEmpty || limits.contains(where: { $0 != nil }) { parts.insert(.notes) }
        return parts
    }

    init(_ steps: [Step]) throws {
        for step in steps {
            let checkpoint = step.checkpoint
            ids.append(step.strategyID)
            shards.append(Int32(step.shard))
            owners.append(step.owner)
            epochs.append(step.epoch)
            cursors.append(checkpoint.cursor.milliseconds)
            candles.append(Int64(checkpoint.candles))
            states.append(checkpoint.state)
            positions.append(try stored(checkpoint.position.quantity))
            costs.append(try stored(checkpoint.position.cost))
            lastPrices.append(try stored(checkpoint.lastPrice))
            profits.append(try stored(checkpoint.position.realizedPnL))
            fees.append(try stored(checkpoint.position.fees))
            trades.append(Int64(checkpoint.position.tradesCount))
            reports.append(Int64(checkpoint.reports))
            exposures.append(try stored(checkpoint.exposure))
            days.append(checkpoint.day?.start.milliseconds)
            dayEquities.append(try stored(checkpoint.day?.equity ?? .zero))
            limits.append(checkpoint.limit?.name)
            limitReasons.append(checkpoint.limit?.reason)
            versions.append(checkpoint.version)
            closed.append(checkpoint.closed)
            if step.announces { announcing.append(step.strategyID) }
            for order in step.orders { try append(order, of: step.strategyID) }
            for settlement in step.settlements { try append(settlement, of: step.strategyID) }
            for fill in step.fills { try append(fill, of: step.strategyID) }
        }
    }

    private mutating func append(_ order: JournalledOrder, of strategyID: Int64) throws {
        orderIDs.append(order.id)
        orderStrategies.append(strategyID)
        orderSides.append(order.intent.side.rawValue)
        orderEffects.append(order.intent.effect.rawValue)
        orderQuantities.append(try stored(order.intent.quantity))
        orderReasons.append(order.intent.reason)
        orderStatuses.append(order.status.rawValue)
        orderStatusReasons.append(order.statusReason)
        orderCandles.append(order.decidedOn.milliseconds)
        orderSigned.append(order.signedAt?.milliseconds)
        orderWindows.append(order.receiveWindow)
        // On paper one may be filled in the step that decides it. What has any other status was refused, or found.
        if order.status == .intended || order.status == .filled {
            leavingStrategies.append(strategyID)
            leavingOrders.append(order.id)
            leavingEntries.append(order.intent.effect == .entry)
        }
    }

    private mutating func append(_ settlement: OrderSettlement, of strategyID: Int64) throws {
        settledStrategies.append(strategyID)
        settledOrders.append(settlement.orderID)
        settledStatuses.append(settlement.status.rawValue)
        settledReasons.append(settlement.reason)
        settledQuantities.append(try stored(settlement.filled))
        settledExchangeIDs.append(settlement.exchangeOrderID)
    }

    private mutating func append(_ fill: Fill, of strategyID: Int64) throws {
        fillStrategies.append(strategyID)
        fillOrders.append(fill.orderID)
        fillTrades.append(fill.tradeID)
        fillSides.append(fill.side.rawValue)
        fillPrices.append(try stored(fill.price))
        fillQuantities.append(try stored(fill.quantity))
        fillFees.append(try stored(fill.fee))
        fillTimes.append(fill.time.milliseconds)
        fillCommissions.append(try fill.commission.map { try stored($0.amount) })
        fillCommissionAssets.append(fill.commission?.asset)
    }

    private func stored(_ value: FixedDecimal) throws(StoreError) -> Int64 {
        guard let integer = value.int64 else {
            throw StoreError(.outOfRange, "\(value) is beyond what can be stored (± 92 billion)")
        }
        return integer
    }
}
