import NIOCore
import NIOHTTP1
import Trading

/// The parameters of a request, checked as Binance checks them: each at most once, none that nobody reads.
struct QueryParameters {
    private var values: [String: String] = [:]
    private var read: Set<String> = []

    /// The parameters of a request, wherever it carries them: in the query, in the body (where the query has precedence), or
    /// in the JSON of a socket.
    init(_ request: SimulatorRequest) throws(APIError) {
        try self.init(query: request.query)
        values.merge(request.socketParameters ?? [:]) { query, _ in query }
        guard request.method != .GET, request.body.readableBytes > 0 else { return }
        values.merge(try QueryParameters(query: String(buffer: request.body)).values) { query, _ in query }
    }

    init(query: String) throws(APIError) {
        for pair in query.utf8.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: true) {
            let end = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let name = Self.decoded(query[pair.startIndex..<end])
            let value = end == pair.endIndex ? "" : Self.decoded(query[pair.index(after: end)..<pair.endIndex])
            guard values.updateValue(value, forKey: name) == nil else { throw .duplicate(name) }
        }
    }

    /// What was sent under a name, whatever it is; does not count as read.
    func raw(_ name: String) -> String? { values[name] }

    mutating func text(_ name: String) throws(APIError) -> String? {
        read.insert(name)
        guard let value = values[name] else { return nil }
        guard !value.isEmpty else { throw .empty(name) }
        return value
    }

    mutating func integer(_ name: String) throws(APIError) -> Int64? {
        guard let text = try text(name) else { return nil }
        guard text.utf8.count <= 20, text.utf8.allSatisfy(Self.isDigit) else {
            throw .illegalCharacters(name, range: "^[0-9]{1,20}$")
        }
        // What does not fit is as good as the end of time, which in milliseconds does.
        return min(Int64(text) ?? .max, 1 << 52)
    }

    /// An amount above zero.
    mutating func decimal(_ name: String) throws(APIError) -> FixedDecimal? {
        guard let text = try text(name) else { return nil }
        let halves = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let isPlain = halves.allSatisfy { (1...20).contains($0.utf8.count) && $0.utf8.allSatisfy(Self.isDigit) }
        guard isPlain else { throw .illegalCharacters(name, range: #"^([0-9]{1,20})(\.[0-9]{1,20})?$"#) }
        guard let value = FixedDecimal(text) else {
            throw halves.count > 1
                ? APIError(code: -1111, "Parameter '\(name)' has too much precision.")
                : APIError(code: -1108, "Parameter '\(name)' overflowed.")
        }
        guard value.isPositive else { throw APIError(code: -1013, "Invalid \(name).") }
        return value
    }

    mutating func clientOrderID(_ name: String) throws(APIError) -> String? {
        guard let text = try text(name) else { return nil }
        guard text.utf8.count <= 36, text.utf8.allSatisfy(Self.isAllowedInClientOrderID) else {
            throw .illegalCharacters(name, range: #"^[\.A-Z\:/a-z0-9_-]{1,36}$"#)
        }
        return text
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isAllowedInClientOrderID(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."),
            UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: isDigit(byte)
        }
    }

    /// The symbol, spelled as Binance wants it: upper case.
    mutating func symbol(_ name: String = "symbol") throws(APIError) -> Symbol? {
        guard let text = try text(name) else { return nil }
        guard let symbol = Symbol(text), symbol.name == text else {
            throw .illegalCharacters(name, range: "^[A-Z0-9-_.]{1,20}$")
        }
        return symbol
    }

    /// Several symbols: `["BTCUSDT","BNBBTC"]`.
    mutating func symbols() throws(APIError) -> [Symbol]? {
        guard let text = try text("symbols") else { return nil }
        guard case .array(let elements) = try? JSONValue(text: text), !elements.isEmpty else {
            throw .illegalCharacters("symbols", range: #"^\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\]$"#)
        }
        var symbols: [Symbol] = []
        for element in elements {
            guard case .string(let name) = element, let symbol = Symbol(name), symbol.name == name else {
                throw .illegalCharacters("symbols", range: #"^\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\]$"#)
            }
            guard !symbols.contains(symbol) else { throw .duplicate("symbols") }
            symbols.append(symbol)
        }
        return symbols
    }

    /// To be called once everything known has been read.
    func finish() throws(APIError) {
        let known = values.keys.filter { read.contains($0) }.count
        guard known == values.count else { throw .unread(read: known, sent: values.count) }
    }

    /// Undoes percent encoding; what is not valid stays as it is.
    static func decoded(_ text: Substring) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "%") }) else {
            return String(text)
        }
        var (bytes, rest) = ([UInt8](), text.utf8)
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                if rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                    bytes.append(value)
                    rest = rest.dropFirst(2)
                } else {
                    bytes.append(byte)
                }
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
