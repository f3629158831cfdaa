import FoundationEssentials
import Hosting
import LocalCluster
import TestSupport
import Testing
import Trading

@testable import Nemesis

/// The long run takes the recordings as far as a hundred kills reach.
private let isLong = ProcessInfo.processInfo.environment["TENURE_LONG"] == "1"

/// Live orders and real processes: whoever dies, and wherever an order is at that moment, it reaches the exchange once or not at
/// all, and the strategy goes on.
@Suite(.serialized, .timeLimit(.minutes(isLong ? 120 : 15)))
struct LiveTests {
    /// Where the order is when it happens.
    enum Point: String, CaseIterable {
        /// It is decided, and the commit has not reached the database.
        case deciding
        /// It is committed, and the answer has not arrived.
        case committed
        /// The answer to the commit came late, and nothing is sent yet: the database is asked whether it may be.
        case sending
        /// The request is lost on its way.
        case lost
        /// The request has left, and is not accepted yet.
        case sent
        /// It is accepted, and the answer has not arrived.
        case accepted
        /// The fill is reported, and its booking has not reached the database.
        case booking
        /// It is booked, and the answer has not arrived.
        case booked

        /// What is held up between the owner and the database.
        var trap: OrderTrap? {
            switch self {
            case .deciding: OrderTrap(.statement, of: .decision)
            case .committed, .sending: OrderTrap(.answer, of: .decision)
            case .booking: OrderTrap(.statement, of: .booking)
            case .booked: OrderTrap(.answer, of: .booking)
            case .lost, .sent, .accepted: nil
            }
        }

        var fault: String? {
            switch self {
            case .lost: #"{"order_before":"drop"}"#
            case .sent: #"{"order_before":"hold"}"#
            case .accepted: #"{"order_after":"hold"}"#
            default: nil
            }
        }

        /// What the journal says of the order once it has come that far.
        var status: String? {
            switch self {
            case .deciding: nil
            case .booked: "filled"
            default: "intended"
            }
        }
    }

    enum End: String, CaseIterable {
        case kill
        /// For longer than the lease, and then it wakes up.
        case freeze
    }

    @Test(
        "an owner that is lost anywhere on an order's way: the exchange has it once or not at all, and the heir goes on",
        .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine"),
        arguments: End.allCases
    )
    func everyPoint(_ end: End) async throws {
        try await withProxy(window: "6s") { proxy, market in
            for point in Point.allCases {
                try await lose(at: point, end, market, proxy)
                try await market.judge()
                try await goesOn(market, "after \(point)")
            }
            try await market.judge()
        }
    }

    @Test(
        "a connection to the database that is lost anywhere on an order's way: the order is sent once, by the same owner",
        .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine")
    )
    func lostAnswers() async throws {
        // The lease lasts: nobody else takes over.
        try await withProxy(lease: "15s") { proxy, market in
            let owner = try await market.cluster.owner(of: market.symbol)
            for point in Point.allCases where point.trap != nil {
                let order = try await bring(to: point, market, proxy)
                proxy.cutCaught()
                try await market.settle()
                #expect(try await market.status(of: order) == "filled", "after \(point)")
                #expect(try await market.accepted().last?.id == order, "after \(point)")
                try await market.judge()
                try await goesOn(market, "after \(point)")
            }
            #expect(try await market.cluster.owner(of: market.symbol).name == owner.name)
            try await market.judge()
        }
    }

    /// What becomes of an answer of the exchange's.
    enum Loss: String, CaseIterable {
        case beforeMatching, afterMatching, timedOut, failed, cutInHalf

        /// Nor is anything reported: only the books tell.
        var fault: String {
            let what =
                switch self {
                case .beforeMatching: #""order_before":"drop""#
                case .afterMatching: #""order_after":"drop""#
                case .timedOut: #""order_after_status":504,"order_after_code":-1007"#
                case .failed: #""order_after_status":503"#
                case .cutInHalf: #""order_after":"garble""#
                }
            return #"{\#(what),"drop_reports":10}"#
        }
    }

    @Test(
        "an answer of the exchange that is lost: the order is sent once, its fate found out, and the same owner goes on",
        .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine")
    )
    func lostByTheExchange() async throws {
        try await LiveMarket.with("ETHBTC", window: "6s", lease: "15s", replicas: 2) { market in
            try await market.settle()
            let owner = try await market.cluster.owner(of: market.symbol)
            for loss in Loss.allCases {
                let before = try await market.received().count
                try await market.control("faults", loss.fault)
                try await goesOn(market, "with its answer lost: \(loss)")
                let order = try #require(try await market.received().dropFirst(before).first)
                #expect(order.verdict == (loss == .beforeMatching ? "dropped" : "accepted"), "\(loss)")
                let status = try await market.status(of: order.id)
                #expect(status == (loss == .beforeMatching ? "abandoned" : "filled"), "\(loss)")
                try await market.control("faults", #"{"drop_reports":0}"#)
                try await market.judge()
                try await goesOn(market, "after \(loss)")
            }
            #expect(try await market.cluster.owner(of: market.symbol).name == owner.name)
            try await market.judge()
        }
    }

    @Test(
        "an owner that was frozen with an order on its way wakes up in a halt, and sends nothing",
        .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine")
    )
    func wakesUpHalted() async throws {
        // The lease lasts: it wakes up as the owner, and is stopped by the halt alone.
        try await withProxy(lease: "15s") { proxy, market in
            let cluster = market.cluster
            let owner = try await cluster.owner(of: market.symbol)
            let other = try #require(cluster.cluster.replicas.first { $0.name != owner.name })
            let before = try await market.received().count
            let order = try await bring(to: .committed, market, proxy)
            owner.signal(.stop)
            let answer = try await cluster.post("/api/halt", #"{"reason":"a test"}"#, to: other)
            #expect(answer["halted"] == .bool(true))
            try await Task.sleep(for: Self.untilOld)
            proxy.releaseCaught()
            owner.signal(.resume)
            try await market.settle()
            #expect(try await market.status(of: order) == "abandoned")
            try await market.cluster.advance(30)
            try await market.settle()
            #expect(try await market.received().count == before)
            #expect(try await cluster.command("unhalt").status == 0)
            try await goesOn(market, "after the halt")
            try await market.judge()
        }
    }

    /// A market whose replicas reach the database through a proxy, once it has settled.
    private func withProxy(
        window: String = "60s",
        lease: String = "1500ms",
        _ body: (FaultyProxy, LiveMarket) async throws -> Void
    ) async throws {
        let proxy = try await FaultyProxy.open()
        do {
            try await LiveMarket.with(
                "ETHBTC",
                window: window,
                lease: lease,
                environment: ["TENURE_DATABASE_URL": "postgresql://tenure@127.0.0.1:\(proxy.port)/tenure"],
                prepare: { proxy.lead(to: $0.postgres.port) }
            ) { market in
                try await market.settle()
                try await body(proxy, market)
            }
        } catch {
            await proxy.close()
            throw error
        }
        await proxy.close()
    }

    private func goesOn(_ market: LiveMarket, _ when: String) async throws {
        let before = try await market.received().count
        for _ in 0..<100 where try await market.received().count == before {
            try await market.cluster.advance(1)
            try await market.settle()
        }
        #expect(try await market.received().count > before, "no order \(when)")
    }

    /// Lets the market move until an order stands at this point, and loses the owner there; returns when the heir has settled it.
    private func lose(at point: Point, _ end: End, _ market: LiveMarket, _ proxy: FaultyProxy) async throws {
        let cluster = market.cluster
        let owner = try await cluster.owner(of: market.symbol)
        let order = try await bring(to: point, market, proxy)
        switch end {
        case .kill: await owner.kill()
        case .freeze: owner.signal(.stop)
        }
        // With the process goes what it had said last.
        if end == .kill, point.trap != nil { proxy.cutCaught() }
        try await eventually(within: .seconds(60), "somebody else runs it") {
            try await cluster.sql(
                "SELECT count(*) FROM tenure.active_strategies WHERE owner_name <> '\(owner.name)' AND owner IS NOT NULL"
            ) == "1"
        }
        if point == .sent || point == .accepted { try await market.control("release", "{}") }
        // What it had said last arrives late.
        if end == .freeze, point.trap != nil { proxy.releaseCaught() }
        if end == .freeze { owner.signal(.resume) }
        try await market.settle()
        if point == .committed || point == .sending {
            #expect(try await market.status(of: order) == "abandoned", "after \(point)")
            #expect(try await !market.received().contains { $0.id == order }, "after \(point)")
        }
        if end == .kill { try owner.start() }
        try await owner.waitUntilReady()
    }

    /// Moves the market on, candle by candle, until an order stands at this point, and holds it there. Returns its client id.
    private func bring(to point: Point, _ market: LiveMarket, _ proxy: FaultyProxy) async throws -> String {
        let before = try await market.received().count
        if let trap = point.trap { proxy.set(trap) }
        if let fault = point.fault { try await market.control("faults", fault) }
        for _ in 0..<200 {
            try await market.cluster.advance(1)
            let last = try await market.lastCandle()
            var order: String?
            try await eventually(within: .seconds(60), "the candle, or an order") {
                order =
                    if point.trap != nil {
                        proxy.caughtOrder
                    } else {
                        try await market.received().dropFirst(before).last?.id
                    }
                // A candle that led to one is not over before that is settled.
                return if order != nil { true } else { try await market.isSettled(last) }
            }
            guard let order else { continue }
            if point == .accepted {
                try await eventually("the order is accepted") {
                    try await market.received().last?.verdict == "accepted"
                }
            }
            try await eventually("it stands there") { try await market.status(of: order) == point.status }
            if point == .sending {
                try await Task.sleep(for: Self.untilOld)
                proxy.releaseCaught(into: OrderTrap(.statement, of: .readBack, about: order))
                try await eventually("the journal is asked again") { proxy.caughtOrder == order }
            }
            return order
        }
        throw Missing(what: "an order within 200 candles")
    }

    private struct Missing: Error { let what: String }

    /// After which the answer to a commit is too old to send by.
    private static let untilOld = NewOrders.lifetime + .milliseconds(100)

    // MARK: Many kills

    @Test(
        "a live run with its owner killed again and again sends the same orders as an undisturbed one",
        .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine"),
        arguments: isLong ? ["ETHBTC", "ADABTC"] : ["ETHBTC"]
    )
    func sameOrders(_ symbol: String) async throws {
        let kills = isLong ? 100 : 10
        let steps = kills * 12
        var random = SeededGenerator(seed: 7)
        var count = 0
        let disturbed = try await run(symbol, steps: steps) { market, step in
            guard step % 12 == 6 else { return try await market.cluster.advance(1) }
            count += 1
            let owner = try await market.cluster.owner(of: symbol)
            // In the middle of what follows from the candle, wherever that is by then.
            let moment = Duration.microseconds(Int64.random(in: 0...30_000, using: &random))
            async let advanced: Void = market.cluster.advance(1)
            try await Task.sleep(for: moment)
            await owner.kill()
            try await advanced
            try owner.start()
        }
        #expect(count == kills)
        // An order that was given up, because its owner died between its commit and its way out, is a decision that came to
        // nothing. So that the two runs are the same, the undisturbed one loses these orders on their way.
        let lost = disturbed.lost
        let undisturbed = try await run(symbol, steps: steps) { market, step in
            if lost.contains(disturbed.candles[step]) {
                try await market.control("faults", #"{"order_before":"drop"}"#)
            }
            try await market.cluster.advance(1)
        }
        print("\(symbol): \(count) kills, \(undisturbed.journal.count) orders, \(lost.count) of them given up")
        #expect(undisturbed.journal.count >= 10, "too few orders to prove anything")
        #expect(disturbed.journal == undisturbed.journal)
        #expect(disturbed.candles == undisturbed.candles)
    }

    /// What came of a run.
    private struct Run {
        var journal: [String] = []
        /// The candles on which an order was decided that was given up.
        var lost: Set<Int64> = []
        /// By step: when the candle began that closed with it.
        var candles: [Int64] = []
    }

    /// - Parameter step: Moves the market on by a candle.
    private func run(
        _ symbol: String,
        steps: Int,
        step: (LiveMarket, Int) async throws -> Void
    ) async throws -> Run {
        // An order that is lost is waited for as long.
        try await LiveMarket.with(symbol, window: "20s") { market in
            var run = Run()
            for number in 0..<steps {
                try await step(market, number)
                run.candles.append(try await market.lastCandle())
                try await market.settle()
            }
            try await market.judge()
            run.journal = try await market.journal()
            let lost = try await market.cluster.sql(
                "SELECT decided_on_ms FROM tenure.orders WHERE status = 'abandoned'"
            )
            run.lost = Set(lost.split(separator: "\n").compactMap { Int64($0) })
            return run
        }
    }
}
