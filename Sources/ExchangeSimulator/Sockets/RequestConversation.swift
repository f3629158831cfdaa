import FoundationEssentials
import NIOCore
import NIOHTTP1
import Trading

/// Requests over a socket, and the user data stream: Binance's WebSocket API.
final class RequestConversation: SocketConversation {
    /// What a connection, and what managing subscriptions costs.
    private static let weight = 2

    private let exchange: SimulatedExchange
    private let returnsLimits: Bool
    private var channel: (any Channel)?
    private var connection: StreamConnection?
    private var address = "unknown"

    init(exchange: SimulatedExchange, returnsLimits: Bool) {
        self.exchange = exchange
        self.returnsLimits = returnsLimits
    }

    /// Only the request weight limits here.
    var messagesPerSecond: Int { .max }

    func open(_ channel: any Channel) -> String? {
        self.channel = channel
        address = channel.remoteAddress?.ipAddress ?? "unknown"
        connection = exchange.desk.streams.connect(
            channel,
            outgoingLimit: exchange.configuration.outgoingBufferLimit
        )
        return exchange.spend(Self.weight, address: address).refusal?.message
    }

    func close() {
        if let connection { exchange.desk.streams.disconnect(connection) }
        connection = nil
    }

    func receive(_ text: String) {
        guard let connection, let channel else { return }
        var request: SocketRequest
        do throws(SocketRequest.Refusal) {
            request = try SocketRequest(text)
        } catch {
            connection.send([Self.message(error.id, SimulatorResponse(error.error), limits: nil)])
            return
        }
        let wantsLimits =
            request.parameters.removeValue(forKey: "returnRateLimits").map { $0 == "true" } ?? returnsLimits
        let id = request.id
        let (weightLimit, time) = (exchange.configuration.weightLimit, exchange.time)
        let reply: @Sendable (SimulatorResponse) -> Void = { response in
            guard !response.isCut else { return channel.close(promise: nil) }
            var response = response
            if let wait = response.headers.first(name: "Retry-After").flatMap({ Int64($0) }) {
                // Here the moment is told, not the time to wait.
                let now = time.now
                response.body.removeLast()
                response.body +=
                    ",\"data\":{\"serverTime\":\(now.milliseconds),\"retryAfter\":\((now + wait * 1_000).milliseconds)}}"
            }
            let message = Self.message(id, response, limits: wantsLimits ? weightLimit : nil)
            connection.send([message], after: response.delay)
        }
        if let same = request.request(address: address) {
            exchange.respond(to: same, on: channel.eventLoop, reply: reply)
        } else {
            reply(manage(request, connection))
        }
    }

    /// What there is only on a socket: its subscriptions.
    private func manage(_ request: SocketRequest, _ connection: StreamConnection) -> SimulatorResponse {
        let (used, refusal) = exchange.spend(Self.weight, address: address)
        var response: SimulatorResponse
        do throws(APIError) {
            if let refusal { throw refusal }
            response = SimulatorResponse(try perform(request, connection))
        } catch {
            response = SimulatorResponse(error)
        }
        response.headers.add(name: "X-MBX-USED-WEIGHT-1M", value: "\(used)")
        return response
    }

    private func perform(_ request: SocketRequest, _ connection: StreamConnection) throws(APIError) -> JSONValue {
        let streams = exchange.desk.streams
        let carrier = SimulatorRequest(
            method: .GET,
            path: "",
            query: "",
            socketParameters: request.parameters,
            address: address
        )
        var parameters = try QueryParameters(carrier)
        switch request.method {
        case "userDataStream.subscribe.signature":
            let signed = try exchange.authenticate(carrier, &parameters, needing: .userStream)
            // Some clients send their request's id along as a parameter.
            _ = try parameters.text("id")
            try parameters.finish()
            return .object(["subscriptionId": .number(Decimal(try streams.subscribe(connection, to: signed.account)))])
        case "userDataStream.unsubscribe":
            let id = try parameters.integer("subscriptionId").map { Int($0) }
            _ = try parameters.text("id")
            try parameters.finish()
            try streams.unsubscribe(connection, id: id, at: exchange.time.now)
            return .object([:])
        case "session.subscriptions":
            return .array(
                streams.subscriptions(of: connection).map { .object(["subscriptionId": .number(Decimal($0))]) }
            )
        case "session.status":
            return .object([
                "apiKey": .null, "authorizedSince": .null, "connectedSince": .null,
                "returnRateLimits": .bool(returnsLimits),
                "serverTime": .number(Decimal(exchange.time.now.milliseconds)),
                "userDataStream": .bool(!streams.subscriptions(of: connection).isEmpty),
            ])
        default:
            throw APIError(code: -1020, "Unknown method '\(request.method)'.")
        }
    }

    /// The answer as a socket carries it.
    private static func message(_ id: JSONValue, _ response: SimulatorResponse, limits: Int?) -> ByteBuffer {
        let content = response.status == .ok ? "result" : "error"
        var text = "{\"id\":\(id.text),\"status\":\(response.status.code),\"\(content)\":\(response.body)"
        if let limits, let used = response.headers.first(name: "X-MBX-USED-WEIGHT-1M") {
            text +=
                ",\"rateLimits\":[{\"rateLimitType\":\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\",\"intervalNum\":1,"
                + "\"limit\":\(limits),\"count\":\(used)}]"
        }
        return ByteBuffer(string: text + "}")
    }
}
