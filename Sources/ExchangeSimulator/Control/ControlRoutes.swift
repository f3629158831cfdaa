import FoundationEssentials
import NIOCore
import NIOHTTP1
import Trading

/// What Binance does not have: `/sim/…`, for those who test against this exchange.
///
/// - `GET status`: market time, market, mode, speed, whether it has ended, connections, streams, requests.
/// - `POST advance` `{"candles": 1}`: in steps, on to the close of the next candle of any recording, or to the next second of
///   the synthetic market, at most 1000 of them; or `{"milliseconds": n}`.
/// - `POST disconnect` `{"streams": "market" | "user"}`: cuts every stream connection, or only those.
/// - `GET orders` `?after=N&client_order_id=…`: every order request that was ever received, and what became of it;
///   where the market moves in steps, also how soon after the last one it was accepted (`accepted_after_us`).
/// - `GET accounts`, `POST accounts` `{"api_key", "api_secret", "balances", "permissions", "taker_rate", "maker_rate",
///   "commission_asset"}`: adds an account, or changes the named things of one that exists.
/// - `POST release`: lets everything go on that was held.
/// - `POST faults`: see ``injectFaults(_:)``.
struct ControlRoutes {
    let exchange: SimulatedExchange

    private static let paths = ["status", "advance", "disconnect", "orders", "accounts", "release", "faults"]

    func respond(to request: SimulatorRequest) -> SimulatorResponse {
        do throws(APIError) {
            switch (request.method, request.path) {
            case (.GET, "/sim/status"): return SimulatorResponse(status())
            case (.GET, "/sim/orders"): return SimulatorResponse(try orders(QueryParameters(query: request.query)))
            case (.GET, "/sim/accounts"): return SimulatorResponse(try accounts())
            case (.POST, "/sim/accounts"): return SimulatorResponse(try setAccount(request.body))
            case (.POST, "/sim/advance"): return SimulatorResponse(try advance(request.body))
            case (.POST, "/sim/disconnect"): return SimulatorResponse(try disconnect(request.body))
            case (.POST, "/sim/release"):
                return SimulatorResponse(.object(["released": .number(Decimal(exchange.faults.release()))]))
            case (.POST, "/sim/faults"): return SimulatorResponse(try injectFaults(request.body))
            default:
                if Self.paths.contains(where: { "/sim/\($0)" == request.path }) {
                    throw APIError(
                        .methodNotAllowed,
                        code: -1000,
                        "status, orders and accounts are read with GET, the others are done with POST."
                    )
                }
                let known = Self.paths.map { "/sim/\($0)" }.joined(separator: ", ")
                throw APIError(.notFound, code: -1000, "There is no \(request.path); there are \(known).")
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
            "exchange_time": .number(Decimal(exchange.time.now.milliseconds)),
            "user_connections": .number(Decimal(exchange.desk.streams.connectionCount)),
            "user_subscriptions": .number(Decimal(exchange.desk.streams.subscriptionCount)),
            "held": .number(Decimal(exchange.faults.heldCount)),
            "connections": .number(Decimal(exchange.streams.connectionCount)),
            "streams": .number(Decimal(exchange.streams.streamCount)),
            "requests": .number(Decimal(exchange.requestCount)),
        ])
    }

    private func hasEnded(_ now: Timestamp) -> Bool { exchange.market.end.map { now >= $0 } ?? false }

    private func advance(_ body: ByteBuffer) throws(APIError) -> JSONValue {
        guard case .steps = exchange.clock.pace else {
            throw APIError(
                .conflict,
                code: -1000,
                "Market time runs by itself; start the simulator in steps to advance it."
            )
        }
        let fields = try ControlFields(body, known: ["candles", "milliseconds"])
        let candles = try fields.integer("candles", 1...1_000)
        let milliseconds = try fields.integer("milliseconds", 1...86_400_000)
        guard candles == nil || milliseconds == nil else {
            throw APIError(code: -1000, "Either candles or milliseconds can be advanced by, not both.")
        }
        let advanced =
            milliseconds.map { Int(exchange.publisher.step(milliseconds: Int64($0))) }
            ?? exchange.publisher.step(candles: candles ?? 1)
        let now = exchange.clock.now
        return .object([
            "market_time": .number(Decimal(now.milliseconds)),
            "advanced": .number(Decimal(advanced)),
            "ended": .bool(hasEnded(now)),
        ])
    }

    private enum Streams: String { case market, user }

    private func disconnect(_ body: ByteBuffer) throws(APIError) -> JSONValue {
        let which: Streams? = try ControlFields(body, known: ["streams"]).choice("streams", ["market", "user"])
        let market = which == .user ? 0 : exchange.streams.closeAll()
        let user = which == .market ? 0 : exchange.desk.streams.closeAll()
        return .object(["disconnected": .number(Decimal(market + user))])
    }
}
