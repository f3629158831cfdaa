package import Trading

/// A replica as people see it: the living, and those fenced a short while ago.
package struct ListedReplica: Sendable {
    package enum Status: String, Sendable, Hashable, CaseIterable {
        case live
        case draining
        /// Its lease has run out and nobody has fenced it yet.
        case expired
        case fenced
    }

    package struct Fencing: Sendable {
        package let at: Timestamp
        package let by: Int64?
        package let reason: String?
    }

    package let id: Int64
    package let name: String
    package let host: String
    package let pid: Int
    package let version: String
    package let status: Status
    package let draining: Bool
    package let capacity: Int
    package let shards: Int64
    package let strategies: Int64
    package let startedAt: Timestamp
    package let heartbeatAt: Timestamp
    package let leaseExpiresAt: Timestamp
    /// By the database's clock; negative once it has expired.
    package let leaseRemainingMilliseconds: Int64
    /// When somebody asked it to hand everything over; nil if nobody did, also where it drains because of a signal.
    package let drainRequestedAt: Timestamp?
    package let fencing: Fencing?
}
