package import Trading

/// One step of one strategy, to be committed whole: the new checkpoint and what was decided and booked with it.
package struct Step: Sendable {
    package let strategyID: Int64
    package let shard: Int
    package let owner: Int64
    package let epoch: Int64
    package let checkpoint: Checkpoint
    /// Decided in this step: new rows of the journal.
    package var orders: [JournalledOrder]
    /// Booked in this step. Each completes the order it belongs to.
    package var fills: [Fill]

    package init(
        strategyID: Int64,
        shard: Int,
        owner: Int64,
        epoch: Int64,
        checkpoint: Checkpoint,
        orders: [JournalledOrder] = [],
        fills: [Fill] = []
    ) {
        self.strategyID = strategyID
        self.shard = shard
        self.owner = owner
        self.epoch = epoch
        self.checkpoint = checkpoint
        self.orders = orders
        self.fills = fills
    }
}

/// A row of the order journal at the moment of the decision.
package struct JournalledOrder: Sendable, Hashable, Codable {
    package enum Status: String, Sendable, Hashable, Codable {
        case intended
        /// Refused before it left: see the reason.
        case rejected
        /// Decided and filled in one step (paper only).
        case filled
    }

    /// Derived from the decision, see ``ClientOrderID``.
    package let id: String
    package let intent: OrderIntent
    /// Open time of the candle it was decided on.
    package let decidedOn: Timestamp
    package let status: Status
    /// Why it was refused.
    package let statusReason: String?

    package init(
        id: String,
        intent: OrderIntent,
        decidedOn: Timestamp,
        status: Status = .intended,
        statusReason: String? = nil
    ) {
        self.id = id
        self.intent = intent
        self.decidedOn = decidedOn
        self.status = status
        self.statusReason = statusReason
    }
}
