/// Where a strategy's orders go.
package enum Execution: String, Sendable, Hashable, CaseIterable {
    /// Filled by this program at market prices; nothing leaves it.
    case paper
    /// Sent to the exchange.
    case live
}
