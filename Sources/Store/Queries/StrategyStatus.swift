/// What an active strategy is doing, as `tenure.active_strategies` derives it.
package enum StrategyStatus: String, Sendable, Hashable, CaseIterable {
    /// Wanted, or taken over, and not up yet.
    case starting
    case running
    /// Processes candles, opens nothing.
    case paused
    /// Its owner has lost touch with the database and sends nothing.
    case suspended
    /// Asked to stop, and not finished yet.
    case stopping
    /// Nobody owns its shard at this moment.
    case orphaned
    /// Given up after repeated errors.
    case failed
    /// Not run any more, because it seems to kill its hosts.
    case quarantined
}
