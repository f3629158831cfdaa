/// One disturbance, as planned.
struct Fault: Sendable, Equatable, CustomStringConvertible {
    let kind: FaultKind
    /// Since the beginning of the disturbance.
    let begin: Duration
    /// Until it is over, or at least until the dead are started again.
    let length: Duration
    /// The index of the replica it happens to, if it happens to one.
    let replica: Int?
    /// Whatever else is to be chosen by chance: how many backends, how slow, which mode.
    let dice: UInt64

    var end: Duration { begin + length }

    var description: String {
        "\(kind.rawValue)\(replica.map { " of replica-\($0 + 1)" } ?? "") for \(length.milliseconds) ms"
    }
}

extension Duration {
    /// Rounded down.
    var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
