/// Springs when one certain statement about a new order passes, on whichever connection. Pure: fed with what clients send to
/// PostgreSQL.
///
/// The order is recognised by its client id, which all statements about it carry in plain letters, as it is first written down; the
/// statements by the status that they give it.
struct OrderTrap: Sendable {
    /// What is held up when it springs.
    enum Catch: Sendable, Hashable {
        /// The statement: it does not reach the server.
        case statement
        /// Its answer: the server carries it out.
        case answer
    }

    /// The statements about an order, one after the other.
    enum Statement: Sendable, Hashable {
        /// Commits it.
        case decision
        /// Asks whether it stands in the journal, if the answer to that was late or lost.
        case readBack
        /// Books that it is filled.
        case booking
    }

    let hold: Catch
    private let statement: Statement
    private var isSprung = false
    private var order: [UInt8]?
    /// By connection, what has been sent since the server answered last.
    private var windows: [ObjectIdentifier: Window] = [:]

    private typealias Window = [UInt8]

    /// - Parameter order: the client id of the order to be followed; `nil`: the next that is decided.
    init(_ hold: Catch, of statement: Statement, about order: String? = nil) {
        self.hold = hold
        self.statement = statement
        self.order = order.map { Array($0.utf8) }
    }

    /// The client id of the order that is being followed.
    var orderID: String? { order.map { String(decoding: $0, as: UTF8.self) } }

    /// - Returns: Whether these bytes show the statement that was waited for.
    mutating func sent(_ bytes: some Sequence<UInt8>, on connection: ObjectIdentifier) -> Bool {
        var window = windows[connection] ?? Window()
        window += bytes
        windows[connection] = window
        let isDecision = Self.position(of: Self.intended, in: window) != nil
        let isBooking = Self.position(of: Self.filled, in: window) != nil
        if order == nil, isDecision { order = Self.orderID(in: window) }
        guard !isSprung, let order, Self.position(of: order, in: window) != nil else { return false }
        isSprung =
            switch statement {
            case .decision: isDecision
            case .readBack: !isDecision && !isBooking
            case .booking: isBooking
            }
        return isSprung
    }

    mutating func answered(on connection: ObjectIdentifier) { windows[connection] = nil }

    /// A status as an element of an array of texts: behind its length. In the text of a statement it is not.
    private static func element(_ text: String) -> [UInt8] { [0, 0, 0, UInt8(text.utf8.count)] + Array(text.utf8) }

    private static let intended = element("intended")
    private static let filled = element("filled")
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
