/// Why a replica was declared dead. The raw value is what the database and the log show.
package enum FenceReason: String, Sendable, Hashable {
    /// Its session lock was free although the fencer had seen it held: its process or connection died.
    case sessionLost = "session lost"
    /// It did not renew in time, by PostgreSQL's clock.
    case leaseExpired = "lease expired"
}
