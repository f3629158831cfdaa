import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// Somebody who takes webhooks, over HTTP.
final class WebhookReceiver: Sendable {
    struct Delivery: Sendable {
        let path: String
        let id: String
        let seconds: Int64
        let signature: String
        let body: String
    }

    private let received = Mutex<[Delivery]>([])
    private let answer: @Sendable (_ earlier: Int, Delivery) async -> HTTPResponse.Status

    private init(_ answer: @escaping @Sendable (_ earlier: Int, Delivery) async -> HTTPResponse.Status) {
        self.answer = answer
    }

    /// All, in the order in which they came, whatever the answer was.
    var deliveries: [Delivery] { received.withLock { $0 } }

    /// - Parameters:
    ///   - answer: What to say to a delivery, knowing how many came before.
    ///   - body: Gets the address to send to.
    static func with(
        answer: @escaping @Sendable (_ earlier: Int, Delivery) async -> HTTPResponse.Status = { _, _ in .ok },
        _ body: @escaping @Sendable (WebhookReceiver, _ url: String) async throws -> Void
    ) async throws {
        let receiver = WebhookReceiver(answer)
        let router = Router()
        router.post("/**") { request, _ in try await receiver.take(request) }
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let server = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "receiver") { _ in SwiftLogNoOpLogHandler() }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            for await port in ports {
                try await body(receiver, "http://127.0.0.1:\(port)/hook/")
                break
            }
            group.cancelAll()
        }
    }

    private func take(_ request: Request) async throws -> HTTPResponse.Status {
        func header(_ name: String) -> String { HTTPField.Name(name).flatMap { request.headers[$0] } ?? "" }
        let delivery = Delivery(
            path: request.uri.path,
            id: header("webhook-id"),
            seconds: Int64(header("webhook-timestamp")) ?? 0,
            signature: header("webhook-signature"),
            body: String(buffer: try await request.body.collect(upTo: 1 << 20))
        )
        let earlier = received.withLock { received in
            received.append(delivery)
            return received.count - 1
        }
        return await answer(earlier, delivery)
    }
}
