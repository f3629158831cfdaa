/// What becomes of an open position when its strategy is stopped.
package enum StopPositions: String, Sendable, Hashable, CaseIterable {
    case keep
    case close
}
