import Trading

/// The parameters of a signed request, in the order in which they are written, signed and sent.
struct SignedQuery: Sendable {
    private var text = ""

    init(_ parameters: [(name: String, value: String)]) {
        for (name, value) in parameters { append(name, value) }
    }

    mutating func append(_ name: String, _ value: String) {
        text += (text.isEmpty ? "" : "&") + name + "=" + Self.encoded(value)
    }

    /// Time and signature added: the bytes that are sent are the bytes that were signed.
    func signed(at time: Timestamp, receiveWindow: Int64, by credentials: BinanceCredentials) -> String {
        var query = self
        query.append("recvWindow", "\(receiveWindow)")
        query.append("timestamp", "\(time.milliseconds)")
        return query.text + "&signature=" + credentials.signature(of: query.text)
    }

    /// Percent-encodes all but what never needs it (RFC 3986, unreserved).
    private static func encoded(_ value: String) -> String {
        if value.utf8.allSatisfy(isUnreserved) { return value }
        var text = ""
        for byte in value.utf8 {
            if isUnreserved(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                text += (byte < 16 ? "%0" : "%") + digits
            }
        }
        return text
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
