/// What a replica is doing, as its readiness shows.
package enum ReplicaStatus: Sendable, Equatable {
    case joining
    case member(ReplicaID)
    /// *Trusted until* has passed without a verdict: the database cannot be reached.
    case suspended(ReplicaID)
    case draining
    case stopped

    package var id: ReplicaID? {
        switch self {
        case .member(let id), .suspended(let id): id
        case .joining, .draining, .stopped: nil
        }
    }
}
