import AsyncHTTPClient
import FoundationEssentials
import LocalCluster
import NIOCore
import NIOHTTP1

/// `tenure up --demo`: strategies that trade, replicas that die, and a few words about it.
struct Demonstration: Sendable {
    let cluster: LocalCluster

    private static let symbols = ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    private static let betweenDeaths = Duration.seconds(15)

    /// What of a strategy is told.
    private struct Strategy: Decodable {
        struct Owner: Decodable { let name: String }

        let symbol: String
        let status: String
        let owner: Owner?
        let epoch: Int
        let candles: Int
        let tradesCount: Int
        let pnl: String
    }

    private struct Page: Decodable {
        let items: [Strategy]
    }

    func run() async throws {
        for symbol in Self.symbols {
            let body = #"{"symbol":"\#(symbol)","mode":"scalp","interval":"1s"}"#
            let status = try await post("/api/live-strategy/start", body)
            say(status == 409 ? "\(symbol) runs already" : "started \(symbol) (\(status))")
        }
        while true {
            try await Task.sleep(for: Self.betweenDeaths)
            let before = try await strategies()
            guard let owner = before.compactMap(\.owner).randomElement(),
                let victim = cluster.replicas.first(where: { $0.name == owner.name })
            else { continue }
            let moved = before.filter { $0.owner?.name == victim.name }.map(\.symbol)
            say("killing \(victim.name), which runs \(moved.joined(separator: ", "))")
            let killedAt = ContinuousClock.now
            victim.signal(.kill)
            try await waitUntilRunning(without: victim.name, moved)
            let milliseconds = killedAt.duration(to: .now) / .milliseconds(1)
            say("all run again after \(Int(milliseconds.rounded(.up))) ms, as seen from outside:")
            for strategy in try await strategies() {
                say(
                    "  \(strategy.symbol): \(strategy.owner?.name ?? "–"), epoch \(strategy.epoch), "
                        + "\(strategy.candles) candles, \(strategy.tradesCount) trades, pnl \(strategy.pnl)"
                )
            }
        }
    }

    private func waitUntilRunning(without name: String, _ symbols: [String]) async throws {
        while true {
            let now = (try? await strategies()) ?? []
            let moved = now.filter { symbols.contains($0.symbol) }
            if moved.count == symbols.count, moved.allSatisfy({ $0.status == "running" && $0.owner?.name != name }) {
                return
            }
            // From outside, there is only asking.
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func say(_ text: String) {
        cluster.configuration.terminal.show(text, from: "demo", index: 5)
    }

    private func strategies() async throws -> [Strategy] {
        let url = "\(cluster.url)/api/live-strategy/status"
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(5))
        let body = try await response.body.collect(upTo: 1 << 20)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Page.self, from: Data(body.readableBytesView)).items
    }

    private func post(_ path: String, _ body: String) async throws -> UInt {
        var request = HTTPClientRequest(url: cluster.url + path)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: body))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        _ = try await response.body.collect(upTo: 1 << 20)
        return response.status.code
    }
}
