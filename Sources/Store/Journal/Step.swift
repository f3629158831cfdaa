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
    /// What has become of orders that were journalled before.
    package var settlements: [OrderSettlement]
    /// Booked in this step.
    package var fills: [Fill]
    /// Whether people are told how far the parameters' version, or the wishes to close the position, have been followed.
    package var announces = false

    package init(
        strategyID: Int64,
        shard: Int,
        owner: Int64,
        epoch: Int64,
        checkpoint: Checkpoint,
        orders: [JournalledOrder] = [],
        settlements: [OrderSettlement] = [],
        fills: [Fill] = []
    ) {
        self.strategyID = strategyID
        self.shard = shard
        self.owner = owner
        self.epoch = epoch
        self.checkpoint = checkpoint
        self.orders = orders
        self.settlements = settlements
        self.fills = fills
    }
}
