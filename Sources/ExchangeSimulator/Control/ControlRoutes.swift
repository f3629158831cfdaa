import FoundationEssentials
import NIOCore
import NIOHTTP1
import Trading

/// What Binance does not have: `/sim/…`, for those who test against this exchange.
struct ControlRoutes {
    let exchange: SimulatedExchange

    func respond(to request: SimulatorRequest) -> SimulatorResponse {
        do throws(APIError) {
            switch (request.method, request.path) {
            case (.GET, "/sim/status"): return SimulatorResponse(status())
            case (.POST, "/sim/advance"): return SimulatorResponse(try advance(fields(of: request)))
            case (.POST, "/sim/disconnect"): return SimulatorResponse(disconnect())
            case (.POST, "/sim/faults"): return SimulatorResponse(try injectFaults(fields(of: request)))
            case (_, "/sim/status"), (_, "/sim/advance"), (_, "/sim/disconnect"), (_, "/sim/faults"):
                throw APIError(
                    .methodNotAllowed,
                    code: -1000,
                    "status is read with GET, the others are done with POST."
                )
            default:
                throw APIError(
                    .notFound,
                    code: -1000,
                    "There is no \(request.path); there are /sim/status, /sim/advance, /sim/disconnect and /sim/faults."
                )
            }
        } catch {
            return SimulatorResponse(error)
        }
    }

    private func status() -> JSONValue {
        let (now, configuration) = (exchange.clock.now, exchange.configuration)
        let pace: (name: String, speed: Double) =
            switch exchange.clock.pace {
            case .machine: ("free", 1)
            case .running(_, let speed): ("free", speed)
            case .steps: ("steps", 0)
            }
        return .object([
            "market_time": .number(Decimal(now.milliseconds)),
            "market_time_text": .string(now.description),
            "market": .string(configuration.replayFiles.isEmpty ? "synthetic" : "replay"),
            "mode": .string(pace.name),
            "speed": .number(Decimal(pace.speed)),
            "seed": .string("\(configuration.seed)"),
            "ended": .bool(hasEnded(now)),
            "connections": .number(Decimal(exchange.streams.connectionCount)),
            "streams": .number(Decimal(exchange.streams.streamCount)),
            "requests": .number(Decimal(exchange.requestCount)),
        ])
    }

    private func hasEnded(_ now: Timestamp) -> Bool { exchange.market.end.map { now >= $0 } ?? false }

    private func advance(_ fields: [String: JSONValue]) throws(APIError) -> JSONValue {
        guard case .steps = exchange.clock.pace else {
            throw APIError(
                .conflict,
                code: -1000,
                "Market time runs by itself; start the simulator in steps to advance it."
            )
        }
        try allow(["candles"], in: fields)
        let candles = try integer("candles", in: fields, from: 1, to: 1_000) ?? 1
        let advanced = exchange.publisher.step(candles: candles)
        let now = exchange.clock.now
        return .object([
            "market_time": .number(Decimal(now.milliseconds)),
            "advanced": .number(Decimal(advanced)),
            "ended": .bool(hasEnded(now)),
        ])
    }

    private func disconnect() -> JSONValue {
        .object(["disconnected": .number(Decimal(exchange.streams.closeAll()))])
    }

    private func injectFaults(_ fields: [String: JSONValue]) throws(APIError) -> JSONValue {
        let known = ["rest_status", "rest_delay_ms", "for_requests", "drop_stream_events", "refuse_connections_ms"]
        try allow(known, in: fields)
        let count = try integer("for_requests", in: fields, from: 0, to: 1_000_000) ?? 1
        let status = try integer("rest_status", in: fields, from: 400, to: 599)
        let delay = try integer("rest_delay_ms", in: fields, from: 0, to: 600_000)
        let events = try integer("drop_stream_events", in: fields, from: 0, to: 1_000_000)
        let refusal = try integer("refuse_connections_ms", in: fields, from: 0, to: 600_000)
        if let status { exchange.faults.failRequests(status: status, count: count) }
        if let delay { exchange.faults.delayRequests(.milliseconds(delay), count: count) }
        if let events { exchange.faults.dropEvents(events) }
        if let refusal { exchange.faults.refuseConnections(for: .milliseconds(refusal)) }
        return .object([:])
    }

    private func fields(of request: SimulatorRequest) throws(APIError) -> [String: JSONValue] {
        guard request.body.readableBytes > 0 else { return [:] }
        guard case .object(let fields) = try? JSONValue(text: String(buffer: request.body)) else {
            throw APIError(code: -1000, "The body is not a JSON object.")
        }
        return fields
    }

    private func allow(_ names: [String], in fields: [String: JSONValue]) throws(APIError) {
        if let unknown = fields.keys.sorted().first(where: { !names.contains($0) }) {
            throw APIError(code: -1000, "There is no field \"\(unknown)\"; there are \(names.joined(separator: ", ")).")
        }
    }

    private func integer(
        _ name: String,
        in fields: [String: JSONValue],
        from least: Int,
        to most: Int
    ) throws(APIError) -> Int? {
        guard let field = fields[name] else { return nil }
        guard case .number(let number) = field, let value = Int(number.description), (least...most).contains(value)
        else {
            throw APIError(code: -1000, "\(name) must be a whole number between \(least) and \(most).")
        }
        return value
    }
}
