import Exchanges
import HTTPAPI
import Store
import Strategies
import Synchronization
import TestSupport
import Testing
import Trading

@testable import tenure

/// What replays may cost: some at a time, each for some time.
@Suite(.timeLimit(.minutes(5)))
struct ModeReplaysTests {
    /// An exchange that keeps everybody waiting until it is opened, and then has no candles.
    private final class Gate: SilentExchange {
        private let state = Mutex((isOpen: false, asked: 0))

        var asked: Int { state.withLock { $0.asked } }
        func open() { state.withLock { $0.isOpen = true } }

        func serverTime() async throws(ExchangeError) -> Timestamp {
            state.withLock { $0.asked += 1 }
            while !state.withLock({ $0.isOpen }) {
                do { try await Task.sleep(for: .milliseconds(5)) } catch {
                    throw ExchangeError(.cancelled, "nobody waits any more")
                }
            }
            return Timestamp(milliseconds: 1_700_000_000_000)
        }
    }

    private static let order = StartOrder(
        symbol: "BTCUSDT",
        exchange: "binance",
        strategyType: "scalp",
        interval: .oneMinute,
        execution: .paper,
        config: .object([:])
    )

    @Test("two replays at a time; a third is told to come back, and is let in when one is over")
    func places() async throws {
        let gate = Gate()
        let replays = ModeReplays(registry: .builtIn, exchanges: ["binance": gate], limit: .seconds(3_600))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 { group.addTask { _ = try await replays.replay(Self.order, candles: 100) } }
            try await eventually("two under way") { gate.asked == 2 }
            let refusal = await #expect(throws: APIUnavailable.self) {
                try await replays.replay(Self.order, candles: 100)
            }
            #expect(refusal?.retryAfter == .seconds(2))
            #expect(gate.asked == 2)
            gate.open()
            try await group.waitForAll()
        }
        _ = try await replays.replay(Self.order, candles: 100)
        #expect(gate.asked == 3)
    }

    @Test("one that takes too long is given up, and gives its place back")
    func limit() async throws {
        let gate = Gate()
        let replays = ModeReplays(registry: .builtIn, exchanges: ["binance": gate], limit: .milliseconds(50))
        for number in 1...3 {
            let refusal = await #expect(throws: APIUnavailable.self) {
                try await replays.replay(Self.order, candles: 100)
            }
            #expect(refusal?.retryAfter == .seconds(10))
            #expect(gate.asked == number)
        }
    }
}
