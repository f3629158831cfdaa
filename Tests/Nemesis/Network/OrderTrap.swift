/// Springs when one certain statement about a new order passes, on whichever connection. Pure: fed with what clients send to
/// PostgreSQL.
///
/// The first statement about an order commits the decision, the second asks whether it may be sent, the third books what became
/// of it. The order is recognised by its client id, which all of them carry in plain letters, as it is first written down.
struct OrderTrap: Sendable {
    /// What is held up when it springs.
    enum Catch: Sendable, Hashable {
        /// The statement: it does not reach the server.
        case statement
        /// Its answer: the server carries it out.
        case answer
    }

    let hold: Catch
    private let count: Int
    private var seen = 0
    private var order: [UInt8]?
    /// By connection, what has been sent since the server answered last.
    private var windows: [ObjectIdentifier: Window] = [:]

    private struct Window {
        var bytes: [UInt8] = []
        /// A statement is counted once, in however many pieces it comes.
        var isCounted = false
    }

    /// - Parameter count: which of the statements, from 1 on.
    init(_ hold: Catch, ofStatement count: Int) {
        self.hold = hold
        self.count = count
    }

    /// The client id of the order that is being followed.
    var orderID: String? { order.map { String(decoding: $0, as: UTF8.self) } }

    /// - Returns: Whether these bytes complete the statement that was waited for.
    mutating func sent(_ bytes: some Sequence<UInt8>, on connection: ObjectIdentifier) -> Bool {
        var window = windows[connection] ?? Window()
        defer { windows[connection] = window }
        guard !window.isCounted else { return false }
        window.bytes += bytes
        if order == nil, Self.position(of: Self.intended, in: window.bytes) != nil {
            order = Self.orderID(in: window.bytes)
        }
        guard let order, Self.position(of: order, in: window.bytes) != nil else { return false }
        window.isCounted = true
        seen += 1
        return seen == count
    }

    mutating func answered(on connection: ObjectIdentifier) { windows[connection] = nil }

    private static let intended = Array("intended".utf8)
    private static let prefix = Array("tn-".utf8)
    private static let length = 29

    /// Where no other order is under way, as in the tests, there is but one.
    private static func orderID(in bytes: [UInt8]) -> [UInt8]? {
        guard let start = position(of: prefix, in: bytes), bytes.count >= start + length else { return nil }
        return Array(bytes[start..<start + length])
    }

    private static func position(of pattern: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        return (0...bytes.count - pattern.count).first { bytes[$0] == pattern[0] && bytes[$0...].starts(with: pattern) }
    }
}
