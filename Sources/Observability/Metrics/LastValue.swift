import Synchronization

/// Turns what is read into what a counter takes: by how much it has grown.
final class LastValue: Sendable {
    private let value = Mutex(0.0)

    func growth(to new: Double) -> Double {
        value.withLock { value in
            defer { value = max(value, new) }
            return max(new - value, 0)
        }
    }
}
