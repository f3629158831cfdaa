import NIOCore
import Trading

/// Market streams: subscriptions in, events out.
final class MarketConversation: SocketConversation {
    private let exchange: SimulatedExchange
    private let target: StreamTarget
    private var connection: StreamConnection?

    init(exchange: SimulatedExchange, target: StreamTarget) {
        self.exchange = exchange
        self.target = target
    }

    var messagesPerSecond: Int { exchange.configuration.incomingMessagesPerSecond }

    func open(_ channel: any Channel) -> String? {
        let connection = exchange.streams.connect(
            channel,
            isCombined: target.isCombined,
            outgoingLimit: exchange.configuration.outgoingBufferLimit
        )
        self.connection = connection
        return exchange.streams.subscribe(connection, to: target.streams) ? nil : "too many streams"
    }

    func close() {
        if let connection { exchange.streams.disconnect(connection) }
        connection = nil
    }

    func receive(_ text: String) {
        guard let connection else { return }
        let answer: String
        do throws(StreamRequest.Refusal) {
            let request = try StreamRequest(text)
            answer = try perform(request, on: connection)
        } catch {
            answer = error.text
        }
        connection.send([ByteBuffer(string: answer)])
    }

    private func perform(
        _ request: StreamRequest,
        on connection: StreamConnection
    ) throws(StreamRequest.Refusal) -> String {
        let result: JSONValue
        switch request.method {
        case .subscribe(let streams):
            guard exchange.streams.subscribe(connection, to: streams) else {
                throw StreamRequest.Refusal(code: 2, message: "Invalid request: too many parameters", id: request.id)
            }
            result = .null
        case .unsubscribe(let streams):
            exchange.streams.unsubscribe(connection, from: streams)
            result = .null
        case .list:
            result = .array(exchange.streams.subscriptions(of: connection).map { .string($0.text) })
        case .setCombined(let isCombined):
            connection.isCombined = isCombined
            result = .null
        case .getCombined:
            result = .bool(connection.isCombined)
        }
        return JSONValue.object(["result": result, "id": request.id]).text
    }
}
