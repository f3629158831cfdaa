import Synchronization
import Testing
import Trading

/// Requests without a pause through the load balancer, and what became of them.
final class HTTPLoad: Sendable {
    private struct Tally {
        var answered = 0
        var failures: [String] = []
        var isOver = false
    }

    private let cluster: TestCluster
    private let market: (symbol: String, interval: String)
    private let tally = Mutex(Tally())

    /// - Parameter market: Of a strategy on paper that is started and stopped again and again.
    init(_ cluster: TestCluster, startingAndStopping market: (symbol: String, interval: String) = ("SIM9999USDT", "1s"))
    {
        self.cluster = cluster
        self.market = market
    }

    var answered: Int { tally.withLock { $0.answered } }
    /// Every request that was not answered, or answered with an error.
    var failures: [String] { tally.withLock { $0.failures } }

    /// Reads, pauses and resumes, starts and stops, while `body` goes on.
    ///
    /// - Parameter symbol: Of a strategy that runs, to be paused and resumed; `nil`: none is.
    func during(pausing symbol: String? = nil, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for path in ["/api/live-strategy/status?limit=5", "/api/replicas"] {
                group.addTask { await self.repeating { try await self.cluster.get(path, retrying: false) } }
            }
            if let symbol {
                group.addTask {
                    let market = #"{"symbol":"\#(symbol)"}"#
                    await self.repeating {
                        try await self.cluster.post("/api/live-strategy/pause", market, retrying: false)
                    } and: {
                        try await self.cluster.post("/api/live-strategy/resume", market, retrying: false)
                    }
                }
            }
            group.addTask {
                let (symbol, interval) = self.market
                let start = #"{"symbol":"\#(symbol)","mode":"scalp","interval":"\#(interval)"}"#
                await self.repeating {
                    try await self.cluster.post("/api/live-strategy/start", start, retrying: false)
                } and: {
                    try await self.cluster.post(
                        "/api/live-strategy/stop",
                        #"{"symbol":"\#(symbol)"}"#,
                        retrying: false
                    )
                }
            }
            defer { tally.withLock { $0.isOver = true } }
            try await body()
        }
    }

    private func repeating(
        _ first: () async throws -> TestCluster.Answer,
        and second: (() async throws -> TestCluster.Answer)? = nil
    ) async {
        while !tally.withLock(\.isOver) {
            await note(first)
            if let second { await note(second) }
        }
    }

    private func note(_ request: () async throws -> TestCluster.Answer) async {
        do {
            let answer = try await request()
            tally.withLock { tally in
                tally.answered += 1
                // A start may come before the stop that was answered 202 is over: 409 is the right answer then.
                let isRight = (200..<300).contains(answer.status) || [404, 409].contains(answer.status)
                if !isRight { tally.failures.append("\(answer.status): \(answer.body.text)") }
            }
        } catch {
            tally.withLock { $0.failures.append("\(error)") }
        }
    }
}
