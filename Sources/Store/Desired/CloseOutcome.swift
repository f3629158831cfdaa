/// What became of a request to close a position.
package enum CloseOutcome: Sendable, Hashable {
    /// Recorded (now, or by an earlier request that has not been carried out yet); the owner sees to it.
    case requested(id: Int64)
    /// It has no position.
    case nothingHeld
    /// Nobody runs it: it has failed or is quarantined, or it is being stopped.
    case notRunning
    /// There is no such strategy among the active ones.
    case notFound
    /// The request of this key has been done before: nothing was done now.
    case repeated
}
