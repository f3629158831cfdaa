import AsyncHTTPClient
import LocalCluster
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport
import Trading

/// Somebody who starts, stops, pauses and resumes the strategies of some markets, each time through any replica, and
/// remembers what was answered.
struct Client: Sendable {
    let symbols: [String]
    let arena: Arena
    let http: HTTPClient
    private(set) var ledgers: [String: MarketLedger] = [:]
    private var random: SeededGenerator

    init(symbols: [String], seed: UInt64, stream: UInt64, arena: Arena, http: HTTPClient) {
        self.symbols = symbols
        self.arena = arena
        self.http = http
        random = SeededGenerator(seed: seed, stream: stream)
        for symbol in symbols { ledgers[symbol] = MarketLedger() }
    }

    /// Starts everything, in peace.
    mutating func startAll() async {
        for symbol in symbols { await send(.start, symbol) }
    }

    /// Sends one request after the other.
    mutating func run(until end: ContinuousClock.Instant) async {
        while ContinuousClock.now < end, !Task.isCancelled, let index = symbols.indices.randomElement(using: &random) {
            let symbol = symbols[index]
            let isActive = ledgers[symbol]?.active != nil
            let request: MarketLedger.Request =
                switch Int.random(in: 0..<100, using: &random) {
                // Most strategies stay from the beginning to the end.
                case _ where index % 3 != 0:
                    isActive && random.chance(50) ? .start : random.chance(40) ? .pause : .resume
                case 0..<50: isActive ? .stop : .start
                case 50..<65: .pause
                case 65..<90: .resume
                // What should be refused.
                default: isActive ? .start : .stop
                }
            await send(request, symbol)
            // Cancelled: the loop ends.
            try? await Task.sleep(for: random.milliseconds(in: 100...1_500))
        }
    }

    private mutating func send(_ request: MarketLedger.Request, _ symbol: String) async {
        guard let replica = arena.cluster.replicas.randomElement(using: &random) else { return }
        let body =
            switch request {
            case .start: startBody(symbol)
            case .stop: #"{"symbol":"\#(symbol)","positions":"\#(random.chance(50) ? "close" : "keep")"}"#
            case .pause, .resume: #"{"symbol":"\#(symbol)"}"#
            }
        var call = HTTPClientRequest(url: "\(replica.url)/api/live-strategy/\(request.rawValue)")
        call.method = .POST
        call.headers.add(name: "content-type", value: "application/json")
        call.body = .bytes(ByteBuffer(string: body))
        let (answer, text) = await answer(to: call)
        arena.log.note("client: \(request.rawValue) \(symbol) through \(replica.name): \(text)")
        if let wrong = ledgers[symbol]?.note(request, answer) { arena.log.violation("\(symbol): \(wrong)") }
    }

    /// Short periods, so that they trade all the time. Every second one trades live; of those every second one opens nothing on
    /// candles that it catches up with.
    private mutating func startBody(_ symbol: String) -> String {
        let (mode, config) =
            random.chance(75)
            ? (
                "scalp",
                #""fast_period":2,"slow_period":4,"rsi_period":2,"rsi_floor":"0","rsi_ceiling":"100","max_holding_candles":4"#
            )
            : ("breakout", #""entry_period":3,"exit_period":2,"atr_period":2"#)
        let isLive = random.chance(50)
        let catchUp = isLive && random.chance(50) ? "warm" : "act"
        return """
            {"symbol":"\(symbol)","mode":"\(mode)","interval":"1s","execution":"\(isLive ? "live" : "paper")",\
            "config":{"catch_up":"\(catchUp)",\(config)}}
            """
    }

    private func answer(to request: HTTPClientRequest) async -> (MarketLedger.Answer, String) {
        do {
            let response = try await http.execute(request, timeout: .seconds(8))
            let body = String(buffer: try await response.body.collect(upTo: 1 << 20))
            let (answer, text) = read(Int(response.status.code), body)
            return (answer, "\(response.status.code) \(text)")
        } catch let error as NIOConnectionError {
            return (.neverSent, "not reached: \(error.host)")
        } catch let error as HTTPClientError where error == .connectTimeout {
            return (.neverSent, "not reached")
        } catch {
            return (.unknown, "no answer: \(error)")
        }
    }

    private func read(_ status: Int, _ text: String) -> (MarketLedger.Answer, String) {
        // What cannot be read has no members.
        let body = try? JSONValue(text: text)
        let id = (body?["id"] ?? body?["strategy"]?["id"])?.integer.map(Int64.init)
        let detail = body?["detail"]?.string ?? ""
        switch (status, id) {
        case (200..<300, let id?): return (.done(id: id), "strategy \(id) \(body?["status"]?.string ?? "")")
        case (409, let id?): return (.taken(by: id), "taken by strategy \(id)")
        case (409, nil): return (.stoppedMeanwhile, detail)
        case (404, _): return (.notActive, detail)
        case (503, _): return (.unknown, detail)
        default:
            arena.log.violation("a request was answered with \(status): \(text.prefix(300))")
            return (.unknown, detail)
        }
    }
}
