import Coordination
import Exchanges
import Postgres
import Store
import TestSupport
import Testing
import Trading

@testable import Hosting

// What the exchange has, and the journal has not, or the other way round.

extension LiveTradingTests {
    /// Two replicas, the first of which has a strategy that has bought; and what the database had of it before.
    private func afterBuying(_ body: (HostFixture, Int64, HostingDatabase.Saved) async throws -> Void) async throws {
        try await HostFixture.with(
            cues: [5: .buyOne, 7: .sellEverything],
            replicas: 2,
            trades: true,
            // The heir waits it out.
            window: .seconds(10)
        ) { fixture in
            let strategy = try await fixture.run(execution: .live)
            let before = try await fixture.database.checkpoint(strategy)
            try await fixture.market.advance()
            try await settled(fixture, ["buy filled 1"])
            try await body(fixture, strategy, before)
        }
    }

    @Test("under a new timeline lost orders are adopted, decided once more, and not sent again")
    func newTimeline() async throws {
        try await afterBuying { fixture, strategy, before in
            _ = await fixture.replicas[0].host.settle([FencingToken(shard: 0, owner: 1, epoch: 1)])
            // As after a failover that lost the last commits.
            try await fixture.database.forget(strategy, backTo: before)
            try await fixture.take(by: 1)
            try await settled(fixture, ["buy filled 1"])
            let adopted = try await fixture.database.texts("SELECT status_reason FROM tenure.orders")
            #expect(adopted == ["reconciled under timeline 1"])
            try await eventually("it is up to date") {
                try await fixture.database.cursor(strategy) == HostFixture.time(5)
            }
            try await fixture.market.advance(2)
            try await settled(fixture, ["buy filled 1", "sell filled 0.999"])
            #expect(try await fixture.market.received().count == 2)
            try await expectBalanced(fixture, trades: 2)
            #expect(try await fixture.database.number("SELECT count(*) FROM tenure.strategies WHERE paused") == 0)
        }
    }

    @Test("under a new timeline a request that is still on its way is waited for, adopted, and not sent again")
    func stillOnItsWay() async throws {
        try await HostFixture.with(cues: [5: .buyOne], replicas: 2, trades: true, window: .seconds(10)) { fixture in
            let strategy = try await fixture.run(execution: .live)
            let before = try await fixture.database.checkpoint(strategy)
            try await fixture.market.faults(#""order_before":"hold""#)
            try await fixture.market.advance()
            try await eventually("the order has arrived") {
                try await fixture.market.received().count == 1
            }
            try await fixture.database.forget(strategy, backTo: before)
            let trading = try #require(fixture.market.exchange.trading)
            let began = try await trading.now()
            try await fixture.take(by: 1)
            // Whoever does not wait has asked for the books by then, and decided, too.
            try await eventually("half of the window is over") { try await trading.now().since(began) > 5_000 }
            try await fixture.market.release()
            try await settled(fixture, ["buy filled 1"])
            try await eventually("it is up to date") {
                try await fixture.database.cursor(strategy) == HostFixture.time(5)
            }
            try await expectNothingTwice(fixture)
            try await expectBalanced(fixture, trades: 1)
        }
    }

    @Test("orders that were lost one after the other are decided once more, each settled before the next candle")
    func lostRoundTrip() async throws {
        try await afterBuying { fixture, strategy, before in
            try await fixture.market.advance(2)
            try await settled(fixture, ["buy filled 1", "sell filled 0.999"])
            // All of it is history for whoever takes over.
            try await fixture.market.advance(3)
            try await fixture.reaches(10, strategy)
            _ = await fixture.replicas[0].host.settle([FencingToken(shard: 0, owner: 1, epoch: 1)])
            try await fixture.database.forget(strategy, backTo: before)
            try await fixture.take(by: 1)
            try await eventually("it is up to date") {
                try await fixture.database.cursor(strategy) == HostFixture.time(10)
            }
            try await settled(fixture, ["buy filled 1", "sell filled 0.999"])
            #expect(try await fixture.market.received().count == 2)
            try await expectBalanced(fixture, trades: 2)
            #expect(try await fixture.database.number("SELECT count(*) FROM tenure.strategies WHERE paused") == 0)
        }
    }

    /// An order with our prefix that no strategy has decided.
    private func placeUnknown(_ side: Side, _ quantity: FixedDecimal, _ fixture: HostFixture) async throws {
        let trading = try #require(fixture.market.exchange.trading)
        let request = OrderRequest(
            symbol: "BTCUSDT",
            side: side,
            kind: .market,
            quantity: quantity,
            clientOrderID: ClientOrderID.prefix + "whoknows",
            signedAt: try await trading.now(),
            receiveWindow: 5_000
        )
        let outcome = await trading.place(request)
        if case .accepted = outcome { return }
        Issue.record("not accepted: \(outcome)")
    }

    @Test("an order of ours that nobody decided is booked, and no position is opened until a person has looked")
    func unknownOrder() async throws {
        try await HostFixture.with(cues: [9: .buyOne, 11: .buyOne], trades: true) { fixture in
            let strategy = try await fixture.run(execution: .live)
            try await fixture.market.advance()
            try await fixture.reaches(5, strategy)
            try await placeUnknown(.buy, "2", fixture)
            for candle in 6...9 {
                try await fixture.market.advance()
                try await fixture.reaches(candle, strategy)
            }
            try await settled(fixture, ["buy filled 2", "buy rejected 0"])
            try await expectBalanced(fixture, trades: 1)
            let shown = try await fixture.database.texts("SELECT last_error FROM tenure.strategies WHERE paused")
            #expect(shown.first?.contains("tn-whoknows") == true)
            try await fixture.setPaused(false)
            try await eventually("it is resumed") {
                try await fixture.database.status(strategy) == "running"
            }
            try await fixture.market.advance(2)
            try await settled(fixture, ["buy filled 2", "buy rejected 0", "buy filled 1"])
        }
    }

    @Test("an account that has less than the position: it says so, and opens nothing until a person has looked")
    func uncovered() async throws {
        try await HostFixture.with(cues: [5: .buyOne, 9: .buyOne], trades: true) { fixture in
            let strategy = try await fixture.run(execution: .live)
            try await fixture.market.advance()
            try await fixture.reaches(5, strategy)
            try await settled(fixture, ["buy filled 1"])
            // Somebody takes some away.
            try await fixture.market.account(
                #""api_key":"simulator-key","balances":{"USDT":"1000000","BTC":"0.5"}"#
            )
            for candle in 6...9 {
                try await fixture.market.advance()
                try await fixture.reaches(candle, strategy)
            }
            try await settled(fixture, ["buy filled 1", "buy rejected 0"])
            let shown = try await fixture.database.texts("SELECT last_error FROM tenure.strategies WHERE paused")
            #expect(shown.first?.contains("has 0.5 BTC, less than this strategy's position of 0.999") == true)
            let told = try await fixture.database.number(
                "SELECT count(*) FROM tenure.events WHERE kind = 'entries_paused'"
            )
            #expect(told == 1)
        }
    }

    @Test("a strategy taken up is compared with the exchange: an account that has less, an order that nobody decided")
    func takenUp() async throws {
        try await HostFixture.with(cues: [5: .buyOne], replicas: 2, trades: true) { fixture in
            let strategy = try await fixture.run(execution: .live)
            try await fixture.market.advance()
            try await fixture.reaches(5, strategy)
            try await settled(fixture, ["buy filled 1"])
            // Gone as if killed, and what follows is done while nobody runs it.
            fixture.replicas[0].host.abandon([FencingToken(shard: 0, owner: 1, epoch: 1)])
            try await placeUnknown(.sell, "0.5", fixture)
            try await fixture.market.account(
                #""api_key":"simulator-key","balances":{"USDT":"1000000","BTC":"0.25"}"#
            )
            try await fixture.take(by: 1)
            try await fixture.market.advance()
            try await fixture.reaches(6, strategy)
            try await settled(fixture, ["buy filled 1", "sell filled 0.5"])
            let told = try await fixture.database.texts(
                "SELECT details->>'reason' FROM tenure.events WHERE kind = 'entries_paused' ORDER BY id"
            )
            #expect(told.first?.contains("has 0.25 BTC, less than this strategy's position of 0.999") == true)
            #expect(told.last?.contains("tn-whoknows") == true)
        }
    }
}
