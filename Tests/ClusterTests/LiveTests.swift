import FoundationEssentials
import LocalCluster
import TestSupport
import Testing
import Trading

/// Live orders and real processes: whoever dies, and wherever an order is at that moment, it reaches the exchange once or not at
/// all, and the strategy goes on.
@Suite(.serialized, .timeLimit(.minutes(15)))
struct LiveTests {
    /// Where the order is when its owner is lost.
    enum Point: String, CaseIterable {
        /// The commit of the decision is held up.
        case commit
        /// The request is lost on its way.
        case lost
        /// The request has left, and is not accepted yet.
        case sent
        /// It is accepted, and the answer has not arrived.
        case accepted
        /// The answer has arrived, and cannot be recorded.
        case answered
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
        try await LiveMarket.with("ETHBTC", window: "6s") { market in
            try await addLock(market.cluster)
            try await market.settle()
            for point in Point.allCases {
                try await lose(at: point, end, market)
                try await market.judge()
                let before = try await market.received().count
                // It goes on trading.
                for _ in 0..<100 where try await market.received().count == before {
                    try await market.cluster.advance(1)
                    try await market.settle()
                }
                #expect(try await market.received().count > before, "after \(point)")
            }
            try await market.judge()
        }
    }

    @Test(
        "an owner that was frozen with an order on its way wakes up in a halt, and sends nothing",
        .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine")
    )
    func wakesUpHalted() async throws {
        // The lease lasts: it wakes up as the owner, and is stopped by the halt alone.
        try await LiveMarket.with("ETHBTC", lease: "15s") { market in
            let cluster = market.cluster
            try await addLock(cluster)
            try await market.settle()
            let owner = try await cluster.owner(of: market.symbol)
            let other = try #require(cluster.cluster.replicas.first { $0.name != owner.name })
            let before = try await market.received().count
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await holdCommits(cluster, &group)
                try await advanceToOrder(market, after: before)
                owner.signal(.stop)
                try await letCommits(cluster)
                try await eventually("the order is committed") {
                    try await cluster.sql("SELECT count(*) FROM tenure.orders WHERE status = 'intended'") == "1"
                }
                let answer = try await cluster.post("/api/halt", #"{"reason":"a test"}"#, to: other)
                #expect(answer["halted"] == .bool(true))
                owner.signal(.resume)
                group.cancelAll()
                // The session that held the lock was ended.
                while (try? await group.next()) != nil {}
            }
            try await market.settle()
            #expect(
                try await cluster.sql("SELECT status FROM tenure.orders ORDER BY created_at DESC LIMIT 1")
                    == "abandoned"
            )
            try await market.cluster.advance(30)
            try await market.settle()
            #expect(try await market.received().count == before)
            #expect(try await cluster.command("unhalt").status == 0)
            for _ in 0..<100 where try await market.received().count == before {
                try await market.cluster.advance(1)
                try await market.settle()
            }
            #expect(try await market.received().count > before)
            try await market.judge()
        }
    }

    /// Lets the market move until an order stands at this point, and loses the owner there; returns when the heir has settled it.
    private func lose(at point: Point, _ end: End, _ market: LiveMarket) async throws {
        let cluster = market.cluster
        let owner = try await cluster.owner(of: market.symbol)
        let before = try await market.received().count
        switch point {
        case .commit: break
        case .lost: try await market.control("faults", #"{"order_before":"drop"}"#)
        case .sent: try await market.control("faults", #"{"order_before":"hold"}"#)
        case .accepted, .answered: try await market.control("faults", #"{"order_after":"hold"}"#)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            if point == .commit { try await holdCommits(cluster, &group) }
            try await advanceToOrder(market, after: before)
            if point == .accepted || point == .answered {
                try await eventually("the order is accepted") {
                    try await market.received().last?.verdict == "accepted"
                }
            }
            if point == .answered {
                try await holdCommits(cluster, &group)
                try await market.control("release", "{}")
                try await eventually("the record is held up") { try await commitsWait(cluster) }
            }
            switch end {
            case .kill: await owner.kill()
            case .freeze: owner.signal(.stop)
            }
            if point == .commit || point == .answered { try await letCommits(cluster) }
            try await eventually(within: .seconds(60), "somebody else runs it") {
                try await cluster.sql(
                    "SELECT count(*) FROM tenure.active_strategies WHERE owner_name <> '\(owner.name)' AND owner IS NOT NULL"
                ) == "1"
            }
            if point == .sent || point == .accepted { try await market.control("release", "{}") }
            if end == .freeze { owner.signal(.resume) }
            try await market.settle()
            if end == .kill { try owner.start() }
            try await owner.waitUntilReady()
            group.cancelAll()
            while true {
                do { guard try await group.next() != nil else { break } } catch {
                    // The session that held the lock was ended.
                }
            }
        }
    }

    /// Moves the market on, candle by candle, until there is an order that nobody has settled.
    private func advanceToOrder(_ market: LiveMarket, after before: Int) async throws {
        for _ in 0..<200 {
            try await market.cluster.advance(1)
            let time = try await market.cluster.marketTime()
            let last = market.interval.openTime(containing: time).milliseconds - market.interval.milliseconds
            var isThere = false
            try await eventually(within: .seconds(60), "the candle, or an order") {
                if try await commitsWait(market.cluster) {
                    isThere = true
                    return true
                }
                isThere = try await market.received().count > before
                let cursor = try await market.cluster.sql("SELECT cursor_ms FROM tenure.checkpoints")
                return isThere || (Int64(cursor) ?? 0) >= last
            }
            if isThere { return }
        }
        Issue.record("no order within 200 candles")
    }

    // MARK: A lock that holds up commits of orders

    /// Everything that writes an order takes this lock, shared.
    private func addLock(_ cluster: TestCluster) async throws {
        _ = try await cluster.sql(
            """
            CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW; END $$;
            CREATE TRIGGER hold BEFORE INSERT OR UPDATE ON tenure.orders FOR EACH ROW EXECUTE FUNCTION public.hold()
            """
        )
    }

    private func holdCommits(_ cluster: TestCluster, _ group: inout ThrowingTaskGroup<Void, any Error>) async throws {
        group.addTask { _ = try await cluster.sql("/* holder */ SELECT pg_advisory_lock(4711), pg_sleep(600)") }
        try await eventually("commits are held up") {
            try await cluster.sql("SELECT count(*) FROM pg_locks WHERE \(Self.lock) AND granted") == "1"
        }
    }

    private static let lock = "locktype = 'advisory' AND objid = 4711 AND objsubid = 1"

    private func commitsWait(_ cluster: TestCluster) async throws -> Bool {
        try await cluster.sql("SELECT count(*) FROM pg_locks WHERE \(Self.lock) AND NOT granted") != "0"
    }

    private func letCommits(_ cluster: TestCluster) async throws {
        _ = try await cluster.sql(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE query LIKE '/* holder */%' AND pid <> pg_backend_pid()
            """
        )
    }

    // MARK: Many kills

    struct Recording: Sendable, CustomTestStringConvertible {
        let symbol: String
        let base: String
        let config: String
        var testDescription: String { symbol }
    }

    /// The long run takes the recordings as far as a hundred kills reach.
    private static let isLong = ProcessInfo.processInfo.environment["TENURE_LONG"] == "1"

    @Test(
        "a live run with its owner killed again and again sends the same orders as an undisturbed one",
        .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine"),
        arguments: isLong ? ["ETHBTC", "ADABTC"] : ["ETHBTC"]
    )
    func sameOrders(_ symbol: String) async throws {
        let kills = Self.isLong ? 100 : 10
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
