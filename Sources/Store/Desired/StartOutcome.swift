/// What became of a ``StartOrder``.
package enum StartOutcome: Sendable {
    /// It is recorded and will run; its shard's owner has been told.
    case started(ActiveStrategy)
    /// (exchange, symbol) is taken by this one.
    case taken(ActiveStrategy)
    /// The request of this key has been done before: nothing was done now.
    case repeated
}
