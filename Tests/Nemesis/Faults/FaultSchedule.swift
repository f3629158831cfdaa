import TestSupport

/// All disturbances of one run: a pure function of the seed and the settings.
struct FaultSchedule: Sendable, Equatable {
    let faults: [Fault]

    /// - Parameters:
    ///   - duration: When the last disturbance is over, at the latest.
    ///   - ttl: What tells a short stop from a long one.
    init(seed: UInt64, duration: Duration, replicas: Int, kinds: [FaultKind], ttl: Duration) {
        var random = SeededGenerator(seed: seed, stream: 0)
        var faults: [Fault] = []
        /// Until when each replica is disturbed, and the database.
        var busy = [Duration](repeating: .zero, count: replicas)
        var restartEnds = Duration.zero
        var now = random.milliseconds(in: 0...1_000)
        while now < duration, let kind = kinds.randomElement(using: &random) {
            let length = min(Self.length(of: kind, ttl: ttl, &random), duration - now)
            var replica: Int?
            if kind.hitsReplica {
                let calm = busy.indices.filter { busy[$0] <= now }
                // Most often somebody is left in peace.
                if calm.count > 1 || random.chance(15) { replica = calm.randomElement(using: &random) }
                if let replica { busy[replica] = now + length + random.milliseconds(in: 0...2_000) }
            }
            let isPossible = kind == .restart ? restartEnds <= now : !kind.hitsReplica || replica != nil
            if isPossible {
                faults.append(Fault(kind: kind, begin: now, length: length, replica: replica, dice: random.next()))
                if kind == .restart { restartEnds = now + length + .seconds(2) }
            }
            // In bursts: several at once, then a while to recover.
            now += random.milliseconds(in: random.chance(40) ? 0...200 : 300...4_000)
        }
        self.faults = faults
    }

    private static func length(of kind: FaultKind, ttl: Duration, _ random: inout SeededGenerator) -> Duration {
        let ttl = Int(ttl.milliseconds)
        return switch kind {
        case .kill, .terminate: random.milliseconds(in: 0...5_000)
        case .pause: random.milliseconds(in: 20...(ttl * 8 / 10))
        case .freeze: random.milliseconds(in: (ttl * 11 / 10)...(ttl * 4))
        case .backends, .exchangeErrors: .zero
        case .restart: random.milliseconds(in: 0...3_000)
        case .databaseCut, .databaseSilent, .databaseDeaf, .exchangeCut, .exchangeSilent:
            random.milliseconds(in: 100...(ttl * 3))
        case .databaseHalfOpen: random.milliseconds(in: 0...500)
        case .databaseSlow, .exchangeSlow: random.milliseconds(in: 1_000...8_000)
        }
    }
}
