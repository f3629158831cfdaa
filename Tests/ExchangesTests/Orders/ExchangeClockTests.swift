import Testing
import Trading

@testable import Exchanges

@Suite struct ExchangeClockTests {
    private let start = ContinuousClock.now
    private let noon = Timestamp(milliseconds: 1_750_000_000_000)

    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    @Test func `it goes on from the middle of the round trip, until that is too long ago`() {
        var clock = ExchangeClock(lifetime: .seconds(60))
        #expect(clock.now(start) == nil)
        clock.told(noon, asked: at(0), answered: at(20))
        #expect(clock.now(at(10)) == noon)
        #expect(clock.now(at(1_010)) == noon + 1_000)
        #expect(clock.now(at(60_009)) == noon + 59_999)
        #expect(clock.now(at(60_010)) == nil)
        clock.forget()
        #expect(clock.now(at(10)) == nil)
    }

    @Test func `a faster answer is kept in spite of a slower one that agrees, but not of one that contradicts`() {
        var clock = ExchangeClock(lifetime: .seconds(60))
        clock.told(noon, asked: at(0), answered: at(2))
        clock.told(noon + 1_030, asked: at(1_000), answered: at(1_100))
        #expect(clock.now(at(2_001)) == noon + 2_000)
        clock.told(noon + 9_000, asked: at(3_000), answered: at(3_100))
        #expect(clock.now(at(3_050)) == noon + 9_000)
    }

    @Test func `with no lifetime the exchange is asked each time`() {
        var clock = ExchangeClock(lifetime: .zero)
        clock.told(noon, asked: at(0), answered: at(0))
        #expect(clock.now(at(0)) == nil)
    }
}
