import NIOCore

/// Spaces what is sent on one stream connection: Binance closes a connection that sends more than five messages in a second.
///
/// The first goes at once, so that a lone subscription waits for nothing. Each further one within the second waits longer than
/// the one before, so that what many ask for at the same time goes in few messages.
struct ControlMessagePacer: Sendable {
    /// One of the five is left for answering a ping.
    private static let perWindow = 4
    /// A second, and some for messages that bunch up on the way.
    private static let window = TimeAmount.milliseconds(1_100)
    /// Between the n-th message of a second and the next.
    private static let spacing: [TimeAmount] = [.zero, .milliseconds(5), .milliseconds(20), .milliseconds(250)]

    private var sent: [NIODeadline] = []

    /// When the next message may go: not after `now` if at once.
    func earliest(now: NIODeadline) -> NIODeadline {
        let recent = sent.drop { $0 + Self.window <= now }
        guard let last = recent.last else { return now }
        guard recent.count < Self.perWindow else { return recent[recent.endIndex - Self.perWindow] + Self.window }
        return last + Self.spacing[recent.count]
    }

    mutating func record(now: NIODeadline) {
        sent.removeAll { $0 + Self.window <= now }
        sent.append(now)
    }
}
