import TestSupport
import Testing
import Trading

@testable import Hosting

@Suite("Limits of a strategy", .timeLimit(.minutes(1)))
struct RiskMonitorTests {
    private static let noon = Timestamp(milliseconds: 1_744_459_200_000)

    private func refused(
        _ monitor: inout RiskMonitor,
        _ value: FixedDecimal,
        exposure: FixedDecimal = .zero,
        after milliseconds: Int64 = 0,
        _ limits: RiskLimits
    ) -> RiskMonitor.Limit? {
        let entry = RiskMonitor.Entry(value: value, exposure: exposure)
        return monitor.judge(entry, at: Self.noon + milliseconds, limits)?.limit
    }

    @Test("an amount at its limit is within it, one unit of the last digit more is not")
    func amounts() {
        var monitor = RiskMonitor()
        let limits = RiskLimits(orderValue: "100", positionValue: "250")
        #expect(refused(&monitor, "100", limits) == nil)
        #expect(refused(&monitor, "100.00000001", limits) == .orderValue)
        #expect(refused(&monitor, "100", exposure: "150", limits) == nil)
        #expect(refused(&monitor, "100", exposure: "150.00000001", limits) == .positionValue)
        #expect(refused(&monitor, "1000000", exposure: "1000000", .none) == nil)
    }

    @Test("what was refused is remembered until something is opened again")
    func reached() {
        var monitor = RiskMonitor()
        let limits = RiskLimits(orderValue: "100")
        #expect(refused(&monitor, "101", limits) == .orderValue)
        #expect(monitor.reached?.message == "an order of 101 is above 100")
        #expect(refused(&monitor, "1", limits) == nil)
        #expect(monitor.reached == nil)
    }

    @Test("so many orders leave within any sixty seconds, exits counted")
    func rate() {
        var monitor = RiskMonitor()
        let limits = RiskLimits(ordersPerMinute: 2)
        monitor.note(orderAt: Self.noon, limits)
        #expect(refused(&monitor, "1", after: 1, limits) == nil)
        monitor.note(orderAt: Self.noon + 30_000, limits)
        #expect(refused(&monitor, "1", after: 59_999, limits) == .ordersPerMinute)
        #expect(refused(&monitor, "1", after: 60_000, limits) == nil)
        // Exits leave beyond it, and count.
        for second in 31...40 { monitor.note(orderAt: Self.noon + Int64(second) * 1_000, limits) }
        #expect(refused(&monitor, "1", after: 98_999, limits) == .ordersPerMinute)
        #expect(refused(&monitor, "1", after: 99_000, limits) == nil)
    }

    @Test("a day's loss counts from where the day before ended, holds though it is made up for, and ends with the day")
    func dailyLoss() {
        var monitor = RiskMonitor()
        let limits = RiskLimits(dailyLoss: "50")
        let midnight = Timestamp(milliseconds: Self.noon.milliseconds + 43_200_000)
        monitor.observe("-49.99999999", at: Self.noon, limits)
        #expect(refused(&monitor, "1", limits) == nil)
        monitor.observe("-50", at: Self.noon + 1, limits)
        #expect(monitor.reached?.limit == .dailyLoss, "also if nothing is to be opened")
        monitor.observe("100", at: Self.noon + 3, limits)
        #expect(refused(&monitor, "1", limits) == .dailyLoss)
        monitor.observe("100", at: midnight - 1, limits)
        #expect(monitor.reached?.limit == .dailyLoss)
        monitor.observe("60", at: midnight, limits)
        #expect(monitor.reached == nil && monitor.dayEquity == "100" && monitor.dayStart == midnight)
        #expect(refused(&monitor, "1", limits) == nil)
        monitor.observe("50", at: midnight + 1, limits)
        #expect(refused(&monitor, "1", limits) == .dailyLoss)
    }

    @Test("random walks: what is let through is within every limit, and what is refused is not", arguments: 0..<200)
    func walk(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func amount(_ most: Int) -> FixedDecimal { FixedDecimal(raw: Int128(Int.random(in: 0...most, using: &random))) }
        let limits = RiskLimits(
            orderValue: random.chance(70) ? amount(1_000) : nil,
            positionValue: random.chance(70) ? amount(3_000) : nil,
            dailyLoss: random.chance(70) ? amount(2_000) + FixedDecimal(raw: 1) : nil,
            ordersPerMinute: random.chance(70) ? Int.random(in: 1...4, using: &random) : nil
        )
        var monitor = RiskMonitor()
        var time = Self.noon
        // The same, told by the whole history.
        var left: [Timestamp] = []
        var equities: [(day: Int64, equity: FixedDecimal)] = []
        for _ in 0..<400 {
            time = time + Int64(Int.random(in: 0...(random.chance(2) ? 100_000_000 : 20_000), using: &random))
            let day = time.milliseconds / 86_400_000
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                let equity = amount(4_000) - amount(4_000)
                monitor.observe(equity, at: time, limits)
                equities.append((day, equity))
            case 1:
                monitor.note(orderAt: time, limits)
                left.append(time)
            default:
                // As in a run: an entry is judged after the candle that it is decided on was seen.
                let equity = equities.last?.equity ?? .zero
                monitor.observe(equity, at: time, limits)
                equities.append((day, equity))
                let entry = RiskMonitor.Entry(value: amount(1_500), exposure: amount(3_000))
                let before = equities.last { $0.day < day }?.equity ?? .zero
                let isLost = limits.dailyLoss.map { limit in
                    equities.contains { $0.day == day && before - $0.equity >= limit }
                }
                let isBeyond =
                    isLost == true || limits.orderValue.map { entry.value > $0 } == true
                    || limits.positionValue.map { entry.value + entry.exposure > $0 } == true
                    || limits.ordersPerMinute.map { limit in left.count { time.since($0) < 60_000 } >= limit } == true
                let verdict = monitor.judge(entry, at: time, limits)
                #expect((verdict != nil) == isBeyond, "seed \(seed)")
                if verdict == nil {
                    monitor.note(orderAt: time, limits)
                    left.append(time)
                }
            }
        }
    }
}
