import LocalCluster

/// Makes inputs that are nearly right out of right ones: the same from the same seed.
package struct Mutator {
    /// Texts that parsers stumble over.
    private static let stumblingBlocks: [String] = [
        "\0", "\u{FFFD}", "\u{202E}", "é", "🦄", "\\u0000", "\\ud800", "\"", "\\", "{", "}", "[", "]", ",", ":", "-",
        "+",
        "0", "-0", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e999", "1e-999",
        "0.00000001",
        "0.000000001", "999999999999999999999999999999999999999", "NaN", "Infinity", "null", "true", "\n", "\r\n", "\t",
        " ",
        "%", "%00", "%GG", "&", "=", ";", "=cmd", "\u{1F}", "2026-02-30T25:61:61Z", "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999Z",
    ]

    /// How many cases a test tries: as many as `TENURE_FUZZ` says, or what fits into a moment.
    package static func cases(otherwise usual: Int = 3_000) -> Int {
        ProcessEnvironment.current["TENURE_FUZZ"].flatMap { Int($0) } ?? usual
    }

    private let corpus: [[UInt8]]
    private var generator: SeededGenerator

    package init(_ corpus: [String], seed: UInt64) {
        self.corpus = corpus.map { Array($0.utf8) }
        generator = SeededGenerator(seed: seed)
    }

    package mutating func next() -> [UInt8] {
        var bytes = corpus.randomElement(using: &generator) ?? []
        for _ in 0..<Int.random(in: 1...4, using: &generator) { change(&bytes) }
        return bytes
    }

    package mutating func nextText() -> String { String(decoding: next(), as: UTF8.self) }

    private mutating func change(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &generator)
        let rest = bytes.count - place
        let length = min(rest, Int.random(in: 1...16, using: &generator))
        switch Int.random(in: 0..<8, using: &generator) {
        case 0 where rest > 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1 where rest > 0: bytes[place] = .random(in: .min ... .max, using: &generator)
        case 2: bytes.removeSubrange(place..<place + length)
        case 3: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
        case 4:
            bytes.replaceSubrange(
                place..<place + length,
                with: (Self.stumblingBlocks.randomElement(using: &generator) ?? "").utf8
            )
        case 5: bytes.insert(contentsOf: (Self.stumblingBlocks.randomElement(using: &generator) ?? "").utf8, at: place)
        case 6:
            let other = corpus.randomElement(using: &generator) ?? []
            let cut = Int.random(in: 0...other.count, using: &generator)
            bytes.replaceSubrange(place..., with: other[cut...])
        default:
            let piece = Array(bytes[place..<place + length])
            let times = Int.random(in: 1...64, using: &generator)
            for _ in 0..<times where bytes.count < 1 << 16 { bytes.insert(contentsOf: piece, at: place) }
        }
    }
}
