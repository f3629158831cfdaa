import AsyncHTTPClient
import FoundationEssentials
import LocalCluster
import NIOCore
import NIOHTTP1
import Postgres
import TestSupport
import Trading

/// How long after a candle closes the exchange has accepted the order that this led to; and, in the same run and on the same
/// disk, how long one durable commit takes.
///
/// The simulator's market moves by a second each second, and its log says how soon after a step it accepted an order: no clock
/// is compared with another. The strategies trade live: one by itself, with an order at every candle, and then several whose
/// candles close at the same moment, with orders every few of them.
struct OrderLatency {
    private let bench: BenchmarkCluster
    private let symbols: [String]

    private static let symbols = ["AAABTC", "BBBBTC", "CCCBTC", "DDDBTC", "EEEBTC", "FFFBTC", "GGGBTC", "HHHBTC"]
    private static let history = 200

    private var config: String {
        let often = #""fast_period":2,"slow_period":3,"rsi_floor":"0","rsi_ceiling":"100","max_holding_candles":1"#
        let seldom = #""fast_period":3,"slow_period":8,"rsi_floor":"20","rsi_ceiling":"95","max_holding_candles":7"#
        return
            #"{"rsi_period":5,"quote_amount":"0.01","quantity_step":"0.001",\#(symbols.count == 1 ? often : seldom)}"#
    }

    /// Of strategies at once.
    static var most: Int { symbols.count }

    /// - Parameter count: of orders, at least.
    static func measure(orders count: Int, strategies: Int) async throws -> [Figures] {
        let symbols = Array(symbols.prefix(strategies))
        let folder = "/tmp/tenure-candles-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let files = try record(symbols, count: count * 4 + 1_000, in: folder)
        return try await BenchmarkCluster.with(
            replicas: 1,
            simulator: ["--replay"] + files + ["--steps", "--ticking", "--history", "\(history)"],
            // Reckoned, as everywhere else: the market moves in real time.
            environment: ["TENURE_BINANCE_CLOCK_LIFETIME": "10s"]
        ) { bench in try await OrderLatency(bench: bench, symbols: symbols).measure(count) }
    }

    private func measure(_ count: Int) async throws -> [Figures] {
        let bare = symbols.count == 1 ? try await bareDelays(count) : []
        try await bench.database.query("CREATE TABLE benchmark.commits (at timestamptz)")
        for symbol in symbols {
            let answer = try await send(
                "\(bench.cluster.url)/api/live-strategy/start",
                #"{"symbol":"\#(symbol)","mode":"scalp","interval":"1s","execution":"live","config":\#(config)}"#
            )
            guard answer["status"] == .string("running") else { throw BenchmarkError("\(symbol) is not running") }
        }
        var commit = Figures("one durable commit of one row")
        var accepted: [Int64] = []
        var next = ContinuousClock.now
        while accepted.count < count {
            try await Task.sleep(until: next, tolerance: .zero, clock: .continuous)
            next += .seconds(1)
            _ = try await send("\(bench.cluster.simulatorURL)/sim/advance", #"{"candles":1}"#)
            // When what follows from the candle is over.
            try await Task.sleep(for: .milliseconds(600))
            let began = ContinuousClock.now
            try await bench.database.query("INSERT INTO benchmark.commits VALUES (clock_timestamp())")
            commit.add(Int64(began.duration(to: .now) / .microseconds(1)))
            accepted = Array(try await delays().dropFirst(bare.count))
        }
        let which = symbols.count == 1 ? "one strategy" : "\(symbols.count) strategies"
        let floor = Figures("the same by a bare client that decides and commits nothing", bare)
        return [Figures("candle closed → order accepted by the exchange, \(which)", accepted), commit]
            + (bare.isEmpty ? [] : [floor])
    }

    /// What the exchange and the machine take by themselves: see ``BareTrader``.
    private func bareDelays(_ count: Int) async throws -> [Int64] {
        let url = bench.cluster.simulatorURL
        guard let port = url.split(separator: ":").last.flatMap({ Int($0) }) else { throw BenchmarkError(url) }
        let trader = try BareTrader(port: port, symbol: symbols[0])
        var next = ContinuousClock.now
        for _ in 0..<count {
            let time = try await send("\(url)/sim/status", nil)["exchange_time"]?.integer ?? 0
            async let traded: Void = trader.buy(at: Int64(time))
            next += .seconds(1)
            try await Task.sleep(until: next, tolerance: .zero, clock: .continuous)
            _ = try await send("\(url)/sim/advance", #"{"candles":1}"#)
            try await traded
        }
        return try await delays()
    }

    /// Of all orders that were accepted so far.
    private func delays() async throws -> [Int64] {
        let answer = try await send("\(bench.cluster.simulatorURL)/sim/orders", nil)
        guard case .array(let orders)? = answer["orders"] else { throw BenchmarkError("the simulator says \(answer)") }
        return orders.compactMap { $0["accepted_after_us"]?.integer.map { Int64($0) } }
    }

    private func send(_ url: String, _ body: String?) async throws -> JSONValue {
        var request = HTTPClientRequest(url: url)
        if let body {
            request.method = .POST
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        return try JSONValue(text: String(buffer: try await response.body.collect(upTo: 64 << 20)))
    }

    /// Candles of a second that go up and down, differently for each symbol. Returns the files.
    private static func record(_ symbols: [String], count: Int, in folder: String) throws -> [String] {
        try symbols.map { symbol in
            var random = SeededGenerator(seed: UInt64(symbol.utf8.first ?? 0))
            var lines = ["open_time,open,high,low,close,volume"]
            var price = 100_000
            for index in 0..<count {
                let open = price
                if symbols.count == 1 {
                    // Up and down by turns: the averages cross at every candle.
                    price = (index.isMultiple(of: 2) ? 101_000 : 100_000) + Int.random(in: -300...300, using: &random)
                } else {
                    price = max(50_000, price + Int.random(in: -300...300, using: &random))
                }
                let (high, low) = (max(open, price) + 50, min(open, price) - 50)
                let values = [open, high, low, price].map { "0.\(padded($0))" }.joined(separator: ",")
                lines.append("\(1_750_000_000_000 + index * 1_000),\(values),1000.001")
            }
            let file = "\(folder)/\(symbol)-1s.csv"
            try lines.joined(separator: "\n").write(toFile: file, atomically: false, encoding: .utf8)
            return file
        }
    }

    /// A price in millionths.
    private static func padded(_ value: Int) -> String { String("\(1_000_000 + value)".dropFirst()) }
}
