import AsyncHTTPClient
import Glibc
import LocalCluster
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import TestSupport
import Testing
import Trading

/// A new version is rolled out: one replica after the other leaves and comes back, and nobody notices.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct RollingRestartTests {
    @Test("a rolling restart under HTTP load: no request fails, no candle is missed, every gap is known")
    func rollingRestart() async throws {
        try await withCluster(environment: ["TENURE_DRAIN_LINGER": "1s"]) { cluster in
            let symbols = (10..<22).map { "SIM00\($0)USDT" }
            try await cluster.start(all: symbols)
            try await cluster.waitUntilBalanced()
            let before = try await cluster.running(symbols.count, candles: 3)

            let load = HTTPLoad(cluster)
            try await load.during(pausing: symbols[0]) {
                for replica in cluster.cluster.replicas {
                    let process = try #require(replica.process.process)
                    await replica.stop()
                    #expect(try await process.waitForExit() == .exited(0))
                    try replica.start()
                    try await replica.waitUntilReady()
                    try await cluster.waitUntilBalanced()
                }
            }
            #expect(load.failures.isEmpty, "\(load.failures.prefix(5))")
            #expect(load.answered > 50)
            _ = try await cluster.post("/api/live-strategy/resume", #"{"symbol":"\#(symbols[0])"}"#)
            _ = try await cluster.post("/api/live-strategy/stop", #"{"symbol":"SIM9999USDT"}"#)

            let most = before.values.compactMap { $0["candles"]?.integer }.max() ?? 0
            let after = try await cluster.running(symbols.count, candles: most + 3)
            for symbol in symbols { try expectContinuity(try #require(before[symbol]), try #require(after[symbol])) }
            #expect(try await cluster.sql("SELECT count(*) FROM tenure.replicas WHERE fenced_at IS NOT NULL") == "0")
            #expect(try await cluster.sql("SELECT count(*) FROM tenure.ownership WHERE reason = 'crash'") == "0")

            // Every replica handed over what it had, and how long each strategy stood still is on record.
            let drained = try await cluster.sql("SELECT count(*) FROM tenure.ownership WHERE reason = 'drain'")
            #expect(try #require(Int(drained)) >= symbols.count / 2)
            let unknown =
                "SELECT count(*) FROM tenure.ownership WHERE reason IN ('drain', 'rebalance') AND ready_at IS NULL"
            try await eventually("every gap on record") { try await cluster.sql(unknown) == "0" }
            let gaps = try await cluster.sql(
                """
                SELECT format('%s moves of strategies; gap in ms: median %s, worst %s', count(*),
                    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY gap)), round(max(gap)))
                FROM (SELECT 1000 * extract(epoch FROM ready_at - released_at)::float8 AS gap
                    FROM tenure.ownership WHERE released_at IS NOT NULL) AS gaps
                """
            )
            print("Rolling restart: \(load.answered) requests, \(load.failures.count) failed; \(gaps)")
            let shown = try await cluster.command("ownership", symbols[1])
            // Headings, and a line at least: nobody was left where it was.
            #expect(shown.status == 0 && shown.output.split(separator: "\n").count >= 2)
        }
    }

    @Test(
        "replicas are replaced, and killed, while live strategies trade and requests come without a pause",
        .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine"),
        arguments: Departure.allCases
    )
    func liveTrading(_ departure: Departure) async throws {
        try await LiveMarket.with(
            "ETHBTC",
            "XMRBTC",
            watching: ["ADABTC"],
            environment: ["TENURE_DRAIN_LINGER": "1s"]
        ) { market in
            try await market.trade(orders: 1)
            let uncounted = try await market.uncounted()
            let orders = try await market.accepted().count
            let replicas = market.cluster.cluster.replicas
            let load = HTTPLoad(market.cluster, startingAndStopping: ("ADABTC", "5m"))
            var times: [Duration] = []
            try await load.during {
                try await market.moving {
                    for replica in departure == .crash ? Array(replicas.prefix(2)) : replicas {
                        switch departure {
                        case .drain:
                            let process = try #require(replica.process.process)
                            await replica.stop()
                            #expect(try await process.waitForExit() == .exited(0))
                        case .crash:
                            let before = load.answered
                            let victim = try await market.cluster.owner(of: market.symbol)
                            let began = ContinuousClock.now
                            await victim.kill()
                            try await eventually("everything runs, elsewhere") {
                                try await market.cluster.sql(
                                    """
                                    SELECT count(*) FROM tenure.active_strategies
                                    WHERE execution = 'live' AND status = 'running' AND owner_name <> '\(victim.name)'
                                    """
                                ) == "2"
                            }
                            times.append(ContinuousClock.now - began)
                            try await eventually("requests are answered") { load.answered > before + 20 }
                            try victim.start()
                            try await victim.waitUntilReady()
                            continue
                        }
                        try replica.start()
                        try await replica.waitUntilReady()
                    }
                    // However quick all that was.
                    try await eventually("they trade on") { try await market.accepted().count > orders }
                }
            }
            switch departure {
            case .drain: #expect(load.failures.isEmpty, "\(load.failures.prefix(5))")
            // Three loops of requests, so at most three of them were on their way at each of two crashes. Reads are sent to
            // another replica, unless their answer had begun.
            case .crash: #expect(load.failures.count <= 6, "\(load.failures.prefix(7))")
            }
            print(
                """
                Live trading, \(departure): \(load.answered) requests, \(load.failures.count) failed; \
                running again after \(times)
                """
            )
            try await market.settle()
            try await market.judge()
            #expect(try await market.uncounted() == uncounted)
        }
    }

    enum Departure: CaseIterable {
        case drain, crash
    }

    private final class Count: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock(\.self) }
        func add() { count.withLock { $0 += 1 } }
    }

    @Test("whoever is let in by a replica that is leaving is answered: no request is lost with its socket")
    func lastRequests() async throws {
        // Nobody has been told beforehand.
        try await withCluster(replicas: 2, environment: ["TENURE_DRAIN_LINGER": "0ms"]) { cluster in
            let replica = cluster.cluster.replicas[0]
            let process = try #require(replica.process.process)
            var configuration = HTTPClient.Configuration()
            configuration.connectionPool.retryConnectionEstablishment = false
            let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            let answered = Count()
            let lost = await withTaskGroup(of: String?.self) { group in
                for _ in 0..<24 {
                    group.addTask {
                        var request = HTTPClientRequest(url: "\(replica.url)/api/live-strategy/pause")
                        request.method = .POST
                        // Each on a connection of its own, as load balancers send them.
                        request.headers.add(name: "connection", value: "close")
                        request.headers.add(name: "content-type", value: "application/json")
                        request.body = .bytes(.init(string: #"{"symbol":"BTCUSDT"}"#))
                        while true {
                            do {
                                let response = try await http.execute(request, timeout: .seconds(60))
                                _ = try await response.body.collect(upTo: 1 << 20)
                                answered.add()
                            } catch is NIOConnectionError {
                                return nil
                            } catch let error as IOError where error.errnoCode == ECONNREFUSED {
                                return nil
                            } catch let error as HTTPClientError where error == .connectTimeout {
                                return nil
                            } catch {
                                return "\(error)"
                            }
                        }
                    }
                }
                group.addTask {
                    do {
                        try await eventually("requests are answered") { answered.value > 100 }
                        replica.signal(.terminate)
                        return try await process.waitForExit() == .exited(0) ? nil : "it did not end well"
                    } catch {
                        return "\(error)"
                    }
                }
                return await group.reduce(into: [String]()) { lost, reason in
                    if let reason { lost.append(reason) }
                }
            }
            try await http.shutdown()
            #expect(lost.isEmpty, "\(lost)")
        }
    }

    @Test("a replica that leaves says so before it stops to listen, and answers until the load balancer has noticed")
    func readinessFirst() async throws {
        try await withCluster(replicas: 2, environment: ["TENURE_DRAIN_LINGER": "25s"]) { cluster in
            let replica = cluster.cluster.replicas[0]
            let process = try #require(replica.process.process)
            replica.signal(.terminate)
            try await eventually("it is not ready") {
                try await HTTPProbe.status(port: replica.port, path: "/readyz") == 503
            }
            // It has handed over at once, and new connections are answered still, all of them.
            _ = try await replica.output.first(containing: "Left the cluster")
            let begin = ContinuousClock.now
            while ContinuousClock.now - begin < .seconds(1) {
                let answer = try await cluster.get("/api/replicas", from: replica)
                #expect(answer.status == 200)
                guard case .array(let items)? = answer["items"] else { throw UnexpectedAnswer(answer: answer) }
                #expect(items.count == 1)
            }
            #expect(process.exitStatus == nil)
            // Whoever does not want to wait for that says so.
            replica.signal(.terminate)
            #expect(try await process.waitForExit() == .exited(1))
        }
    }
}
