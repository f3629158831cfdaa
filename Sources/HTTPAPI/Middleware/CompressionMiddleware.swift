import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Compresses what is worth it, for whoever can undo that: whole bodies of text from a kilobyte on. Not streams, whose end nobody
/// knows; and not what has an entity tag, which names its very bytes, and is sent back to change what it stands for.
struct CompressionMiddleware: RouterMiddleware {
    @concurrent func handle(
        _ request: Request,
        context: APIRequestContext,
        next: @concurrent (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        guard let length = response.body.contentLength, length >= Gzip.smallest, !response.headers.contains(.eTag),
            !response.headers.contains(.contentEncoding)
        else { return response }
        // Whoever keeps the answer must not give it to others who ask for another form.
        response.headers[.vary] = "Accept-Encoding"
        guard AcceptedEncodings(request.headers).prefersGzip else { return response }
        let whole = WholeBody()
        try await response.body.write(whole)
        guard let body = Gzip.compress(whole.bytes, .little) else {
            response.body = ResponseBody(byteBuffer: whole.bytes)
            return response
        }
        response.headers[.contentEncoding] = "gzip"
        response.body = ResponseBody(byteBuffer: body)
        return response
    }
}

/// Takes a body that is whole anyway.
private final class WholeBody: ResponseBodyWriter, Sendable {
    private let buffer = Mutex(ByteBuffer())

    var bytes: ByteBuffer { buffer.withLock { $0 } }

    func write(_ part: ByteBuffer) async throws {
        buffer.withLock { buffer in
            if buffer.readableBytes == 0 { buffer = part } else { buffer.writeImmutableBuffer(part) }
        }
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
