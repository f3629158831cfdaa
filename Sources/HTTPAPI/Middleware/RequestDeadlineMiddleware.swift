import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Waits for a body no longer than so: whoever sends it byte by byte holds nothing for ever. Once it is there, the deadline is over.
struct RequestDeadlineMiddleware: RouterMiddleware {
    private final class Deadline: Sendable {
        private let passed = Mutex(false)
        func pass() { passed.withLock { $0 = true } }
        var isPassed: Bool { passed.withLock { $0 } }
    }

    let limit: Duration

    @concurrent func handle(
        _ request: Request,
        context: APIRequestContext,
        next: @concurrent (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        let hasBody = request.headers[.contentLength].map { $0 != "0" } ?? request.headers.contains(.transferEncoding)
        guard hasBody else { return try await next(request, context) }
        let (deadline, channel) = (Deadline(), context.channel)
        var request = request
        let task = channel.eventLoop.scheduleTask(in: TimeAmount(limit)) {
            deadline.pass()
            // The body ends here, and with it the wait for it.
            channel.close(mode: .input, promise: nil)
        }
        // It may have answered without having read it.
        defer { task.cancel() }
        // However long the answer takes then: the connection stays as it is.
        request.body = RequestBody(asyncSequence: ArrivingBody(base: request.body) { task.cancel() })
        do {
            return try await next(request, context)
        } catch {
            // An answer that says something else was there in time.
            let isOther = (error as? Problem).map { $0.kind != "malformed-json" && $0.kind != "missing-body" } ?? false
            guard deadline.isPassed, !isOther else { throw error }
            throw Problem.tooSlow
        }
    }
}

/// Says when it is there as a whole.
private struct ArrivingBody: AsyncSequence, Sendable {
    struct AsyncIterator: AsyncIteratorProtocol {
        var base: RequestBody.AsyncIterator
        let arrived: @Sendable () -> Void

        @concurrent mutating func next() async throws -> ByteBuffer? {
            let part = try await base.next()
            if part == nil { arrived() }
            return part
        }
    }

    let base: RequestBody
    let arrived: @Sendable () -> Void

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: base.makeAsyncIterator(), arrived: arrived) }
}
