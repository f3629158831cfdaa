import Store
import Testing
import Trading

@testable import Hosting

/// What a journal keeps of a run, however often it is written: everything once, and the last checkpoint.
struct Ledger: Equatable {
    private(set) var orders: [JournalledOrder] = []
    private(set) var fills: [Fill] = []
    private(set) var checkpoint: Checkpoint?
    private var known: [String: JournalledOrder] = [:]
    private var booked: [String: Fill] = [:]

    /// As the journal does: the checkpoint is replaced, what is known by its id stays.
    mutating func commit(_ decisions: StrategyRun.Decisions, _ checkpoint: Checkpoint) {
        self.checkpoint = checkpoint
        for order in decisions.orders {
            if let before = known.updateValue(order, forKey: order.id) {
                #expect(before == order, "an id that was used for something else")
            } else {
                orders.append(order)
            }
        }
        for fill in decisions.fills {
            if let before = booked.updateValue(fill, forKey: fill.tradeID) {
                #expect(before == fill, "a trade id that was used for something else")
            } else {
                fills.append(fill)
            }
        }
    }
}
