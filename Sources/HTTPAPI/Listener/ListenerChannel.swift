import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOHTTPTypesHTTP1
import NIOSSL

/// A connection of the listener: HTTP/1.1, over TLS if there is a certificate, with answers compressed for whoever takes them so.
struct ListenerChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    /// Less is not worth the work.
    private static let leastToCompress = 1_400

    let base: HTTP1Channel
    let certificate: ListenerCertificate?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            guard let certificate else { return }
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: certificate.context))
        }
        .flatMap { base.setup(channel: channel, logger: logger) }
        .flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
            try pipeline.addHandler(
                HTTPResponseCompressor(responseCompressionPredicate: Self.compresses),
                position: .before(codec)
            )
            return value
        }
    }

    func handle(value: Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
    }

    /// Texts of a known size; never a stream, whose messages are to arrive at once.
    private static func compresses(
        _ head: inout HTTPResponseHead,
        isPossible: Bool
    ) -> HTTPResponseCompressor.CompressionIntent {
        let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        guard length >= leastToCompress else { return .doNotCompress }
        // What is kept on the way must not be given to somebody who cannot read it.
        head.headers.add(name: "vary", value: "Accept-Encoding")
        return isPossible ? .compressIfPossible : .doNotCompress
    }
}
