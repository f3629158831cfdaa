import Coordination
import Exchanges
import Postgres
import Store
import TestSupport
import Testing
import Trading

@testable import Hosting

/// Orders that leave, on the simulated exchange and a real database: its log of what it received is the judge.
@Suite(.timeLimit(.minutes(5)))
struct LiveTradingTests {
    /// Id, side, status, how much of it was filled.
    private func journal(_ fixture: HostFixture) async throws -> [String] {
        try await fixture.database.texts(
            """
            SELECT concat_ws(' ', side, status, trim_scale(filled_quantity_e8 * 0.00000001)) FROM tenure.orders
            ORDER BY created_at, client_order_id
            """
        )
    }

    func settled(_ fixture: HostFixture, _ orders: [String]) async throws {
        do {
            try await eventually("the journal has \(orders)") {
                try await journal(fixture) == orders
            }
        } catch {
            let reasons = try await fixture.database.texts(
                "SELECT concat_ws(' ', side, status, status_reason) FROM tenure.orders"
            )
            Issue.record("the journal has \(reasons), the exchange \(try await fixture.market.received())")
            for replica in fixture.replicas { print(replica.log.all.joined(separator: "\n")) }
            throw error
        }
    }

    /// Each decision reached the exchange's matching at most once.
    func expectNothingTwice(_ fixture: HostFixture) async throws {
        let accepted = try await fixture.market.received().filter { $0.verdict == "accepted" }.map(\.clientOrderID)
        #expect(accepted.count == Set(accepted).count, "sent twice: \(accepted)")
    }

    /// What the strategy believes to hold and to have earned, against what the account has.
    func expectBalanced(_ fixture: HostFixture, trades: Int) async throws {
        let trading = try #require(fixture.market.exchange.trading)
        let account = try await trading.account()
        let base = account.balances["BTC"]?.total ?? .zero
        let quote = account.balances["USDT"]?.total ?? .zero
        let rows = try await fixture.database.pool.query(
            "SELECT position_e8, cost_e8, pnl_e8, trades_count FROM tenure.checkpoints"
        )
        let (position, cost, profit, count) = try rows[0].decode(Int64.self, Int64.self, Int64.self, Int64.self)
        #expect(FixedDecimal(int64: position) == base - "100")
        // What was spent is in what is held, or was lost.
        #expect(FixedDecimal(int64: profit - cost) == quote - "1000000")
        #expect(count == trades)
    }

    @Test("an order is sent once, filled and booked with the exchange's fees, and the position sold again")
    func trades() async throws {
        try await HostFixture.with(cues: [5: .buyOne, 7: .sellEverything], trades: true) { fixture in
            let strategy = try await fixture.run(execution: .live)
            try await fixture.market.advance()
            try await fixture.reaches(5, strategy)
            try await settled(fixture, ["buy filled 1"])
            try await fixture.market.advance(2)
            try await settled(fixture, ["buy filled 1", "sell filled 0.999"])
            try await expectBalanced(fixture, trades: 2)
            let received = try await fixture.market.received()
            #expect(received.map(\.side) == ["BUY", "SELL"])
            #expect(received.allSatisfy { $0.clientOrderID.hasPrefix(ClientOrderID.prefix) })
            let fees = try await fixture.database.texts(
                "SELECT concat_ws(' ', commission_asset, commission_e8 > 0, fee_e8 > 0) FROM tenure.fills ORDER BY side"
            )
            #expect(fees == ["BTC t t", "USDT t t"])
            let signed = try await fixture.database.number(
                "SELECT count(*) FROM tenure.orders WHERE signed_at_ms > decided_on_ms AND receive_window_ms = 60000"
            )
            #expect(signed == 2)
        }
    }

    @Test("fees in a third asset are noted, and leave position and profit alone")
    func thirdAsset() async throws {
        try await HostFixture.with(cues: [5: .buyOne], symbols: ["BTCUSDT", "BNBUSDT"], trades: true) { fixture in
            try await fixture.market.account(
                #""api_key":"simulator-key","commission_asset":"BNB","balances":{"USDT":"1000000","BTC":"100","BNB":"5"}"#
            )
            let strategy = try await fixture.run(execution: .live)
            try await fixture.market.advance()
            try await fixture.reaches(5, strategy)
            try await settled(fixture, ["buy filled 1"])
            try await expectBalanced(fixture, trades: 1)
            let fee = try await fixture.database.texts(
                "SELECT concat_ws(' ', commission_asset, commission_e8 > 0, fee_e8) FROM tenure.fills"
            )
            #expect(fee == ["BNB t 0"])
        }
    }

    @Test("a lost answer: the order is looked for and found, and not sent again")
    func lostAnswer() async throws {
        try await HostFixture.with(cues: [5: .buyOne, 6: .sellEverything], trades: true) { fixture in
            let strategy = try await fixture.run(execution: .live)
            try await fixture.market.faults(#""order_after":"drop","drop_reports":10"#)
            try await fixture.market.advance()
            try await settled(fixture, ["buy filled 1"])
            try await fixture.market.advance()
            try await settled(fixture, ["buy filled 1", "sell filled 0.999"])
            try await expectNothingTwice(fixture)
            try await expectBalanced(fixture, trades: 2)
            _ = strategy
        }
    }

    @Test("a candle that had to wait until an order before it was settled is old by then: nothing is opened on it")
    func waited() async throws {
        try await HostFixture.with(cues: [5: .buyOne, 6: .buyOne], trades: true) { fixture in
            _ = try await fixture.run(execution: .live)
            try await fixture.market.faults(#""order_after":"hold","drop_reports":10"#)
            try await fixture.market.advance()
            try await eventually("the order is accepted") {
                try await fixture.market.received().map(\.verdict) == ["accepted"]
            }
            // Told in time, each of them.
            for _ in 0..<3 { try await fixture.market.advance() }
            try await fixture.market.release()
            try await settled(fixture, ["buy filled 1", "buy rejected 0"])
            let reasons = try await fixture.database.texts(
                "SELECT status_reason FROM tenure.orders WHERE status = 'rejected'"
            )
            #expect(reasons == ["stale: this candle is older than one interval"])
        }
    }

    @Test("an answer that is an error after the order was accepted is no refusal")
    func errorAfterAcceptance() async throws {
        try await HostFixture.with(cues: [5: .buyOne], trades: true) { fixture in
            _ = try await fixture.run(execution: .live)
            try await fixture.market.faults(#""order_after_status":503,"stale_reads_ms":700"#)
            try await fixture.market.advance()
            try await settled(fixture, ["buy filled 1"])
            try await expectNothingTwice(fixture)
            try await expectBalanced(fixture, trades: 1)
        }
    }

    /// Buys at each of the next candles until one of them is filled: on a slow machine some may come too late.
    private func buys(_ fixture: HostFixture, from candle: Int, _ strategy: Int64) async throws {
        for candle in candle..<(candle + 10) {
            try await fixture.market.advance()
            try await fixture.reaches(candle, strategy)
            try await eventually("nothing is under way") {
                try await fixture.database.number("SELECT count(*) FROM tenure.orders WHERE status = 'intended'") == 0
            }
            if try await journal(fixture).contains("buy filled 1") { return }
        }
        Issue.record("no order is filled any more")
    }

    private static let buying: [Int: Puppet.Cue] = Dictionary(
        uniqueKeysWithValues: (HostFixture.history..<HostFixture.history + 12).map { ($0, .buyOne) }
    )

    @Test("an order that never arrived is in doubt until its window and margin are over, then given up, not repeated")
    func neverArrived() async throws {
        try await HostFixture.with(cues: Self.buying, trades: true, window: .seconds(10)) { fixture in
            let strategy = try await fixture.run(execution: .live)
            try await fixture.market.faults(#""order_before":"drop""#)
            try await fixture.market.advance()
            try await fixture.shows("tenure_orders_in_doubt 1")
            try await eventually("it is shown") {
                try await fixture.database.texts("SELECT details->>'reason' FROM tenure.events WHERE kind = 'in_doubt'")
                    .contains { $0.contains("order in doubt: ") }
            }
            try await settled(fixture, ["buy abandoned 0"])
            try await fixture.shows("tenure_orders_in_doubt 0")
            #expect(try await fixture.market.received().count == 1)
            let state = try await fixture.database.outcome(strategy).state ?? ""
            #expect(state.contains("never reached the exchange"))
            // It goes on, and what it decides next is a new order.
            try await buys(fixture, from: 6, strategy)
            let ids = try await fixture.market.received().map(\.clientOrderID)
            #expect(ids.count == Set(ids).count)
            try await expectBalanced(fixture, trades: 1)
        }
    }

    @Test("what is shown of an order in doubt, or of refused ones, is taken back by whoever runs the strategy by then")
    func inheritedTrouble() async throws {
        let cues: [Int: Puppet.Cue] = [5: .buyOne, 6: .buyOne, 7: .buyOne]
        try await HostFixture.with(cues: cues, replicas: 2, trades: true) { fixture in
            _ = try await fixture.run(execution: .live)
            func shows(_ beginning: String?) async throws {
                try await eventually("it is shown: \(beginning ?? "nothing")") {
                    let shown = try await fixture.database.texts(
                        "SELECT coalesce(last_error, '') FROM tenure.strategies"
                    )
                    return beginning.map { shown[0].hasPrefix($0) } ?? shown[0].isEmpty
                }
            }
            try await fixture.market.faults(#""order_after":"drop","drop_reports":10,"stale_reads_ms":600000"#)
            try await fixture.market.advance()
            try await shows("order in doubt: ")
            // Gone as if killed. The next one finds the order at once.
            fixture.replicas[0].host.abandon([FencingToken(shard: 0, owner: 1, epoch: 1)])
            try await fixture.market.faults(#""stale_reads_ms":0"#)
            try await fixture.take(by: 1)
            try await settled(fixture, ["buy filled 1"])
            try await shows(nil)

            try await fixture.market.account(#""api_key":"simulator-key","balances":{"USDT":"50"}"#)
            try await fixture.market.advance()
            try await settled(fixture, ["buy filled 1", "buy rejected 0"])
            try await shows("order refused: ")
            try await fixture.market.account(#""api_key":"simulator-key","balances":{"USDT":"500"}"#)
            try await fixture.take(by: 0)
            try await fixture.market.advance()
            try await settled(fixture, ["buy filled 1", "buy rejected 0", "buy filled 1"])
            try await shows(nil)
            try await expectNothingTwice(fixture)
        }
    }

    @Test("without trust nothing leaves, and the strategy is told")
    func distrusted() async throws {
        try await HostFixture.with(cues: [5: .buyOne, 6: .buyOne], trades: true) { fixture in
            _ = try await fixture.run(execution: .live)
            fixture.replicas[0].trust.isOn = false
            try await fixture.market.advance()
            try await settled(fixture, ["buy abandoned 0"])
            #expect(try await fixture.market.received().isEmpty)
            fixture.replicas[0].trust.isOn = true
            try await fixture.market.advance()
            try await settled(fixture, ["buy abandoned 0", "buy filled 1"])
        }
    }

    @Test("an owner lost while its order is held before matching: the heir waits, finds it, and goes on")
    func takeover() async throws {
        try await HostFixture.with(cues: [5: .buyOne, 6: .sellEverything], replicas: 2, trades: true) { fixture in
            _ = try await fixture.run(execution: .live)
            try await fixture.market.faults(#""order_before":"hold""#)
            try await fixture.market.advance()
            try await eventually("the order has arrived") {
                try await fixture.market.received().count == 1
            }
            try await fixture.take(by: 1)
            try await fixture.shows("tenure_orders_in_doubt 1", on: 1)
            try await fixture.market.release()
            try await settled(fixture, ["buy filled 1"])
            try await fixture.market.advance()
            try await settled(fixture, ["buy filled 1", "sell filled 0.999"])
            try await expectNothingTwice(fixture)
            try await expectBalanced(fixture, trades: 2)
            try await fixture.logs("Another replica owns this strategy now; stopped here")
        }
    }

    @Test("an owner lost while its order is held beyond its window: the heir gives it up, and so does the exchange")
    func lateTakeover() async throws {
        try await HostFixture.with(cues: Self.buying, replicas: 2, trades: true, window: .seconds(10)) { fixture in
            let strategy = try await fixture.run(execution: .live)
            try await fixture.market.faults(#""order_before":"hold""#)
            try await fixture.market.advance()
            try await eventually("the order has arrived") {
                try await fixture.market.received().count == 1
            }
            try await fixture.take(by: 1)
            try await settled(fixture, ["buy abandoned 0"])
            try await fixture.market.release()
            try await eventually("the exchange refuses it") {
                try await fixture.market.received().first?.verdict == "rejected"
            }
            try await buys(fixture, from: 6, strategy)
            try await expectNothingTwice(fixture)
            try await expectBalanced(fixture, trades: 1)
        }
    }

    @Test("an owner lost while the answer is held: the heir books the order, the first owner writes nothing")
    func takeoverBeforeAnswer() async throws {
        try await HostFixture.with(cues: [5: .buyOne, 6: .sellEverything], replicas: 2, trades: true) { fixture in
            _ = try await fixture.run(execution: .live)
            try await fixture.market.faults(#""order_after":"hold""#)
            try await fixture.market.advance()
            try await eventually("the order is accepted") {
                try await fixture.market.received().first?.verdict == "accepted"
            }
            try await fixture.take(by: 1)
            try await settled(fixture, ["buy filled 1"])
            try await fixture.market.release()
            try await fixture.logs("Another replica owns this strategy now; stopped here")
            try await fixture.market.advance()
            try await settled(fixture, ["buy filled 1", "sell filled 0.999"])
            try await expectNothingTwice(fixture)
            try await expectBalanced(fixture, trades: 2)
        }
    }

    @Test("a strategy that is stopped sells at the exchange what it holds")
    func stop() async throws {
        try await HostFixture.with(cues: [5: .buyOne], trades: true) { fixture in
            let strategy = try await fixture.run(execution: .live)
            try await fixture.market.advance()
            try await settled(fixture, ["buy filled 1"])
            try await fixture.stop(positions: .close)
            try await fixture.ends(strategy)
            #expect(try await journal(fixture) == ["buy filled 1", "sell filled 0.999"])
            #expect(try await fixture.market.received().map(\.quantity) == ["1", "0.999"])
            let left = try await fixture.database.texts("SELECT position::text FROM tenure.strategy_history")
            #expect(left.compactMap { FixedDecimal($0) } == [.zero])
        }
    }

    @Test("a strategy that is stopped while an order is in doubt is not forgotten before that is settled")
    func stopInDoubt() async throws {
        try await HostFixture.with(cues: [5: .buyOne], trades: true) { fixture in
            let strategy = try await fixture.run(execution: .live)
            try await fixture.market.faults(#""order_after":"drop","drop_reports":10,"stale_reads_ms":600000"#)
            try await fixture.market.advance()
            try await fixture.shows("tenure_orders_in_doubt 1")
            try await fixture.stop()
            try await fixture.market.faults(#""stale_reads_ms":0"#)
            try await fixture.ends(strategy)
            #expect(try await journal(fixture) == ["buy filled 1"])
            let left = try await fixture.database.texts("SELECT position::text FROM tenure.strategy_history")
            #expect(left.compactMap { FixedDecimal($0) } == ["0.999"])
        }
    }

    @Test("what the exchange refuses for certain is told to the strategy, which goes on")
    func refused() async throws {
        try await HostFixture.with(cues: [5: .buyOne, 6: .buyOne], trades: true) { fixture in
            let strategy = try await fixture.run(execution: .live)
            try await fixture.market.account(#""api_key":"simulator-key","balances":{"USDT":"50"}"#)
            try await fixture.market.advance()
            try await settled(fixture, ["buy rejected 0"])
            let state = try await fixture.database.outcome(strategy).state ?? ""
            #expect(state.contains("insufficient balance"))
            try await eventually("it is shown") {
                try await fixture.database.texts("SELECT coalesce(last_error, '') FROM tenure.strategies")
                    .contains { $0.contains("insufficient balance") }
            }
            #expect(
                try await fixture.database.number("SELECT count(*) FROM tenure.events WHERE kind = 'order_refused'")
                    == 1
            )
            #expect(try await fixture.database.status(strategy) == "running")
            try await fixture.market.account(#""api_key":"simulator-key","balances":{"USDT":"500"}"#)
            try await fixture.market.advance()
            try await settled(fixture, ["buy rejected 0", "buy filled 1"])
            try await eventually("it is over") {
                try await fixture.database.number("SELECT count(*) FROM tenure.strategies WHERE last_error IS NULL")
                    == 1
            }
        }
    }

    @Test("what the market's filters forbid never leaves, the strategy is told which, and goes on")
    func filtered() async throws {
        try await HostFixture.with(cues: [5: .buyDust, 6: .buyOne], trades: true) { fixture in
            let strategy = try await fixture.run(execution: .live)
            try await fixture.market.advance()
            try await settled(fixture, ["buy rejected 0"])
            #expect(try await fixture.market.received().isEmpty)
            let reasons = try await fixture.database.texts("SELECT status_reason FROM tenure.orders")
            #expect(reasons.first?.contains("LOT_SIZE") == true, "\(reasons)")
            #expect(try await fixture.database.outcome(strategy).state?.contains("LOT_SIZE") == true)
            try await eventually("it is shown") {
                try await fixture.database.texts("SELECT coalesce(last_error, '') FROM tenure.strategies")
                    .contains { $0.contains("order refused: LOT_SIZE") }
            }
            #expect(
                try await fixture.database.number("SELECT count(*) FROM tenure.events WHERE kind = 'order_refused'")
                    == 1
            )
            try await fixture.market.advance()
            try await settled(fixture, ["buy rejected 0", "buy filled 1"])
            try await eventually("it is over") {
                try await fixture.database.number("SELECT count(*) FROM tenure.strategies WHERE last_error IS NULL")
                    == 1
            }
        }
    }

    @Test(
        "with a key that is wrong or may not trade the strategy fails, says why, and goes on when it is resumed",
        arguments: [
            (#""permissions":["USER_DATA","USER_STREAM"]"#, #""permissions":["TRADE","USER_DATA","USER_STREAM"]"#),
            (#""api_secret":"another""#, #""api_secret":"simulator-secret""#),
        ]
    )
    func notAllowed(wrong: String, right: String) async throws {
        try await HostFixture.with(cues: [5: .buyOne, 6: .buyOne], trades: true) { fixture in
            let strategy = try await fixture.run(execution: .live)
            try await fixture.market.account(#""api_key":"simulator-key",\#(wrong),"balances":{"USDT":"500"}"#)
            try await fixture.market.advance()
            try await eventually("it has failed") {
                try await fixture.database.status(strategy) == "failed"
            }
            #expect(try await journal(fixture) == ["buy rejected 0"])
            let reason = try await fixture.database.texts("SELECT last_error FROM tenure.strategies")
            #expect(reason.first?.contains("mend the API key") == true)
            try await fixture.market.account(#""api_key":"simulator-key",\#(right)"#)
            try await fixture.setPaused(false)
            try await fixture.runs(strategy)
            try await fixture.market.advance()
            try await settled(fixture, ["buy rejected 0", "buy filled 1"])
        }
    }

    @Test("where no live orders are allowed, a live strategy fails and says what to set")
    func liveNotAllowed() async throws {
        try await HostFixture.with(cues: [5: .buyOne]) { fixture in
            let strategy = try await fixture.database.addStrategy("BTCUSDT", execution: .live)
            try await fixture.take()
            try await eventually("it has failed") {
                try await fixture.database.status(strategy) == "failed"
            }
            let reason = try await fixture.database.texts("SELECT last_error FROM tenure.strategies")
            #expect(reason.first?.contains("TENURE_ALLOW_LIVE") == true)
        }
    }
}
