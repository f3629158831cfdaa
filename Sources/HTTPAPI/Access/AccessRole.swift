/// What somebody may do; each role may do all that the one before it may.
package enum AccessRole: String, Sendable, CaseIterable, Comparable {
    /// Look.
    case viewer
    /// Start, stop, pause and resume strategies; halt all trading, because whoever sees the harm must be able to end it.
    case trader
    /// Send replicas away; lift a halt, because that lets everybody's strategies trade again.
    case admin

    package static func < (left: AccessRole, right: AccessRole) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
