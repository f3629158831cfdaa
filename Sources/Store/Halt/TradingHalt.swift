package import Trading

/// Whether any order may leave anywhere.
package struct TradingHalt: Sendable, Equatable {
    /// Plus one at every change.
    package var number: Int64
    package var isHalted: Bool
    /// Why; `nil` if it is not halted.
    package var reason: String?
    /// Who halted it; `nil` where nobody is asked for a name.
    package var by: String?
    /// Since when it is halted, by the database's clock.
    package var since: Timestamp?

    package init(
        number: Int64,
        isHalted: Bool,
        reason: String? = nil,
        by: String? = nil,
        since: Timestamp? = nil
    ) {
        self.number = number
        self.isHalted = isHalted
        self.reason = reason
        self.by = by
        self.since = since
    }
}
