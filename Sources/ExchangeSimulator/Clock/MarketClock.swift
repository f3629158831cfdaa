import FoundationEssentials
import Synchronization
import Trading

/// Says what time it is in the market.
///
/// Market time never runs backwards and stands still at the market's end.
final class MarketClock: Sendable {
    enum Pace: Sendable, Hashable {
        /// This machine's wall clock.
        case machine
        /// From a start, so many times as fast as this machine's clock.
        case running(from: Timestamp, speed: Double)
        /// From a start, only when told.
        case steps(from: Timestamp)
    }

    let pace: Pace
    let end: Timestamp?
    private let began = ContinuousClock.now
    /// The latest time that was told.
    private let latest: Mutex<Timestamp>
    private let stepped = Mutex(ContinuousClock.now)

    init(pace: Pace, end: Timestamp?) {
        self.pace = pace
        self.end = end
        switch pace {
        case .machine: latest = Mutex(Self.machineTime())
        case .running(let start, _), .steps(let start): latest = Mutex(start)
        }
    }

    /// This machine's wall clock.
    static func machineTime() -> Timestamp {
        Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
    }

    var now: Timestamp {
        let elapsed = ContinuousClock.now - began
        return latest.withLock { latest in
            let current: Timestamp
            switch pace {
            case .machine: current = Self.machineTime()
            case .running(let start, let speed): current = start + Int64(elapsed / .milliseconds(1) * speed)
            case .steps: current = latest
            }
            latest = max(latest, end.map { min($0, current) } ?? current)
            return latest
        }
    }

    /// How long to wait, on this machine's clock, until market time reaches `moment`; at least a millisecond.
    func wait(until moment: Timestamp) -> Duration {
        let missing = Double(max(moment.since(now), 0))
        switch pace {
        case .machine, .steps: return max(.milliseconds(missing), .milliseconds(1))
        case .running(_, let speed): return max(.milliseconds(missing / speed), .milliseconds(1))
        }
    }

    /// Moves market time on. Only for ``Pace/steps``.
    func advance(to moment: Timestamp) {
        stepped.withLock { $0 = .now }
        latest.withLock { latest in latest = max(latest, end.map { min($0, moment) } ?? moment) }
    }

    /// How long, on this machine's clock, market time has not been moved. Nil where it moves by itself.
    var sinceLastStep: Duration? {
        guard case .steps = pace else { return nil }
        return ContinuousClock.now - stepped.withLock { $0 }
    }
}
