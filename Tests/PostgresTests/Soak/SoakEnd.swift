import Synchronization

/// Says that the callers of a soak may stop.
final class SoakEnd: Sendable {
    private let flag = Atomic(false)

    var isReached: Bool { flag.load(ordering: .acquiring) }

    func reach() {
        flag.store(true, ordering: .releasing)
    }
}
