import FoundationEssentials
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
        /// The commit is known, and nothing is sent yet: the database is asked whether it may be.
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
            case .deciding: OrderTrap(.statement, ofStatement: 1)
            case .committed: OrderTrap(.answer, ofStatement: 1)
            case .sending: OrderTrap(.statement, ofStatement: 2)
            case .booking: OrderTrap(.statement, ofStatement: 3)
            case .booked: OrderTrap(.answer, ofStatement: 3)
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
        try await withProxy { proxy, environment in
            try await LiveMarket.with(
                "ETHBTC",
                window: "6s",
                environment: environment,
                prepare: { proxy.lead(to: $0.postgres.port) }
            ) { market in
                try await market.settle()
                for point in Point.allCases {
                    try await lose(at: point, end, market, proxy)
                    try await market.judge()
                    try await goesOn(market, "after \(point)")
                }
                try await market.judge()
            }
        }
    }

    @Test(
        "a connection to the database that is lost anywhere on an order's way: the order is sent once, by the same owner",
        .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine")
    )
    func lostAnswers() async throws {
        try await withProxy { proxy, environment in
            // The lease lasts: nobody else takes over.
            try await LiveMarket.with(
                "ETHBTC",
                lease: "15s",
                environment: environment,
                prepare: { proxy.lead(to: $0.postgres.port) }
            ) { market in
                try await market.settle()
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
    }

    @Test(
        "an owner that was frozen with an order on its way wakes up in a halt, and sends nothing",
        .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine")
    )
    func wakesUpHalted() async throws {
        try await withProxy { proxy, environment in
            // The lease lasts: it wakes up as the owner, and is stopped by the halt alone.
            try await LiveMarket.with(
                "ETHBTC",
                lease: "15s",
                environment: environment,
                prepare: { proxy.lead(to: $0.postgres.port) }
            ) { market in
                let cluster = market.cluster
                try await market.settle()
                let owner = try await cluster.owner(of: market.symbol)
                let other = try #require(cluster.cluster.replicas.first { $0.name != owner.name })
                let before = try await market.received().count
                let order = try await bring(to: .committed, market, proxy)
                owner.signal(.stop)
                let answer = try await cluster.post("/api/halt", #"{"reason":"a test"}"#, to: other)
                #expect(answer["halted"] == .bool(true))
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
    }

    /// A proxy before the database, and what leads the replicas there.
    private func withProxy(_ body: (FaultyProxy, [String: String]) async throws -> Void) async throws {
        let proxy = try await FaultyProxy.open()
        do {
            try await body(proxy, ["TENURE_DATABASE_URL": "postgresql://tenure@127.0.0.1:\(proxy.port)/tenure"])
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
            return order
        }
        throw Missing(what: "an order within 200 candles")
    }

    private struct Missing: Error { let what: String }

    // MARK: Many kills

    struct Recording: Sendable, CustomTestStringConvertible {
        let symbol: String
        let base: String
        let config: String
        var testDescription: String { symbol }
    }

    @Test(
        "a live run with its owner killed again and again sends the same orders as an undisturbed one",
        .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine"),
        arguments: isLong ? ["ETHBTC", "ADABTC"] : ["ETHBTC"]
    )
    func sameOrders(_ symbol: String) async throws {
        let kills = isLong ? 100 : 10
        let steps = kills * 12
        let undisturbed = try await run(symbol, steps: steps) { _, _ in }
        #expect(undisturbed.count >= 10, "too few orders to prove anything")
        var random = SeededGenerator(seed: 7)
        var count = 0
        let disturbed = try await run(symbol, steps: steps) { market, step in
            guard step % 12 == 6 else { return }
            count += 1
            let owner = try await market.cluster.owner(of: symbol)
            // In the middle of a step, wherever that is by then, or in peace.
            if random.next() % 3 == 0 { try await market.settle() }
            await owner.kill()
            try owner.start()
        }
        #expect(count == kills)
        // An order that was given up, because its owner died between its commit and its way out, is a decision that came to
        // nothing: from there on two runs may differ.
        let end = disturbed.firstIndex { $0.hasSuffix(" abandoned") } ?? max(disturbed.count, undisturbed.count)
        #expect(Array(disturbed.prefix(end)) == Array(undisturbed.prefix(end)))
    }

    private func run(
        _ symbol: String,
        steps: Int,
        disturb: (LiveMarket, _ step: Int) async throws -> Void
    ) async throws -> [String] {
        try await LiveMarket.with(symbol) { market in
            for step in 0..<steps {
                try await market.cluster.advance(1)
                try await disturb(market, step)
                try await market.settle()
            }
            try await market.judge()
            return try await market.journal()
        }
    }
}
