/// What becomes of what is not filled at once.
enum TimeInForce: String, Sendable, Hashable {
    /// It rests until it is cancelled.
    case goodTillCanceled = "GTC"
    /// It expires.
    case immediateOrCancel = "IOC"
    /// All of it is filled at once, or nothing is.
    case fillOrKill = "FOK"
}
