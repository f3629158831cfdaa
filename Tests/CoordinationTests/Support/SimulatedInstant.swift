/// A moment of a clock that stands still until it is moved, in microseconds since it began.
struct SimulatedInstant: InstantProtocol, Hashable {
    var microseconds: Int64

    static let start = SimulatedInstant(microseconds: 1_000_000_000)

    func advanced(by duration: Duration) -> SimulatedInstant {
        SimulatedInstant(microseconds: microseconds + duration.microseconds)
    }

    func duration(to other: SimulatedInstant) -> Duration {
        .microseconds(other.microseconds - microseconds)
    }

    static func < (left: SimulatedInstant, right: SimulatedInstant) -> Bool { left.microseconds < right.microseconds }
}

extension Duration {
    /// Whole microseconds, rounded down.
    var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
