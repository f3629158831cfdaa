import TestSupport

/// What a run consists of.
struct NemesisSettings: Sendable {
    var seed: UInt64
    /// Of the disturbance alone.
    var duration: Duration
    var replicas: Int
    var strategies: Int
    var kinds: [FaultKind]
    var skewsClocks: Bool
    /// Whether one of the strategies kills its hosts.
    var hasPoison = false
    /// As usual: on a slow machine a shorter one would run out by itself.
    let ttl = Duration.seconds(3)

    /// Of the market in which a poison strategy trades, and nobody else.
    var poisonSymbol: String { Self.symbol(strategies + 1) }

    static func symbol(_ number: Int) -> String {
        let digits = "\(number)"
        return "SIM\(String(repeating: "0", count: 4 - digits.count))\(digits)USDT"
    }

    /// In seconds, by the index of the replica.
    var clockOffsets: [Int: Int] {
        guard skewsClocks else { return [:] }
        var random = SeededGenerator(seed: seed, stream: 1)
        var offsets: [Int: Int] = [:]
        for replica in 0..<replicas where random.chance(50) {
            offsets[replica] = Int.random(in: -600...600, using: &random)
        }
        return offsets
    }

    var schedule: FaultSchedule {
        FaultSchedule(seed: seed, duration: duration, replicas: replicas, kinds: kinds, ttl: ttl)
    }
}
