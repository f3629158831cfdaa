/// Where a request stands in a trace that began elsewhere: the header `traceparent` (W3C Trace Context, level 1).
struct TraceContext: Equatable {
    /// 32 hexadecimal digits.
    let trace: String
    /// 16 hexadecimal digits: this request's own.
    let span: String
    let flags: String

    /// What is to be passed on.
    var header: String { "00-\(trace)-\(span)-\(flags)" }

    /// A span of its own within the trace that the header names; nil if it names none.
    init?(continuing header: String, span: String) {
        let parts = header.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 4, parts[0].count == 2, parts[0] != "ff", parts[0] != "00" || parts.count == 4,
            parts[1].count == 32, parts[2].count == 16, parts[3].count == 2,
            parts[0..<4].allSatisfy({ $0.utf8.allSatisfy(Self.isDigit) }),
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        trace = parts[1]
        flags = parts[3]
        self.span = span
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
