package import Trading

/// An active strategy as its owner needs it: what was asked for, and how far it got.
package struct StoredStrategy: Sendable {
    package let id: Int64
    package let symbol: Symbol
    package let exchange: String
    package let mode: String
    package let interval: Interval
    package let execution: Execution
    /// Complete: every parameter of the mode.
    package let config: JSONValue
    package let limits: RiskLimits
    /// Of the parameters and limits: plus one at every change.
    package let version: Int64
    package let shard: Int
    package let phase: Phase
    package let isPaused: Bool
    /// What is shown of its orders.
    package let trouble: OrderTrouble?
    package let stop: StopRequest?
    /// `nil`: nobody ever wanted its position closed.
    package let closing: CloseRequest?
    /// `nil` until it has run for the first time.
    package let checkpoint: Checkpoint?
    /// Why its shard was taken by the present owner: `crash`, `handover` or `vacant`. `nil` if the shard was empty then.
    package let taken: String?
    /// It has an open position or an unsettled order.
    package let isExposed: Bool
    /// How often its shard was taken from a crashed replica within the last ten minutes.
    package let recentCrashes: Int
    /// Its host died while it was on trial, with so many brought up together. `nil`: it did not.
    package let diedOnTrial: Int?

    package enum Phase: String, Sendable {
        case starting
        case running
        case failed
        case quarantined
    }

    package struct StopRequest: Sendable, Equatable {
        package let reason: String
        package let closesPosition: Bool
    }

    package struct CloseRequest: Sendable, Equatable {
        /// Plus one for each.
        package let number: Int64
        package let reason: String
    }
}
