/// What the driver keeps for a request that has not been answered, or is still on the wire.
///
/// A class, so that a change is one lookup and nothing is copied: every statement passes here several times.
final class PendingRequest {
    enum CancelReason {
        case cancelled
        case timeout
    }

    let request: StatementRequest
    /// Why it is to be cancelled, and since when.
    var cancelReason: CancelReason?
    var cancelWantedAt: Moment?
    var cancelSentAt: Moment?
    /// Its caller has been told; what still comes is dropped.
    var isAbandoned = false
    /// The prepared statement it runs as.
    var prepared: (key: PreparedStatementCache.Key, name: String)?

    init(_ request: StatementRequest) {
        self.request = request
    }
}
