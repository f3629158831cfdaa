import HTTPTypes

/// What the client can undo, by its header Accept-Encoding (RFC 9110, section 12.5.3).
struct AcceptedEncodings {
    private var weights: [String: Int] = [:]

    /// Without the header nothing is compressed: that is always right.
    init(_ headers: HTTPFields) {
        for value in headers[values: .acceptEncoding] {
            for element in value.split(separator: ",") {
                let parts = element.split(separator: ";").map { $0.trimmed }
                guard let coding = parts.first, !coding.isEmpty else { continue }
                // What cannot be read counts for nothing.
                guard let weight = parts.count == 1 ? 1_000 : Self.weight(parts[1]), parts.count <= 2 else { continue }
                let name = coding.lowercased() == "x-gzip" ? "gzip" : coding.lowercased()
                weights[name] = weight
            }
        }
    }

    /// Whether gzip is allowed, and not liked less than nothing at all.
    var prefersGzip: Bool {
        guard let gzip = weights["gzip"] ?? weights["*"], gzip > 0 else { return false }
        // What is said of everything else does not make identity better than what is named.
        return gzip >= weights["identity"] ?? 0
    }

    /// Thousandths: `q=0.5` is 500.
    private static func weight(_ parameter: Substring) -> Int? {
        let pair = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard pair.count == 2, pair[0].trimmed.lowercased() == "q" else { return nil }
        let value = pair[1].trimmed
        guard let match = value.wholeMatch(of: /([01])(?:\.([0-9]{0,3}))?/) else { return nil }
        let fraction = String(match.2 ?? "")
        let weight =
            (match.1 == "1" ? 1_000 : 0) + (Int(fraction + String(repeating: "0", count: 3 - fraction.count)) ?? 0)
        return weight <= 1_000 ? weight : nil
    }
}

extension Substring {
    /// Without the white space that headers may have.
    fileprivate var trimmed: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
