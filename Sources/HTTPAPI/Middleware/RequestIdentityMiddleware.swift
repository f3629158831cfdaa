import HTTPTypes
import Hummingbird
import Logging

/// Gives each request an id (the client's own, if it sent a sensible one) and each answer what all answers have.
struct RequestIdentityMiddleware: RouterMiddleware {
    private static let name = HTTPField.Name("X-Request-Id")!
    private static let traceParent = HTTPField.Name("traceparent")!

    @concurrent func handle(
        _ request: Request,
        context: APIRequestContext,
        next: @concurrent (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.requestID = request.headers[Self.name].flatMap(Self.accepted) ?? Self.make()
        context.logger[metadataKey: "request.id"] = "\(context.requestID)"
        let trace = request.headers[Self.traceParent].flatMap { TraceContext(continuing: $0, span: Self.make()) }
        if let trace {
            context.logger[metadataKey: "trace.id"] = "\(trace.trace)"
            context.logger[metadataKey: "span.id"] = "\(trace.span)"
        }
        var response = try await next(request, context)
        response.headers[Self.name] = context.requestID
        if let trace { response.headers[Self.traceParent] = trace.header }
        if !response.headers.contains(.cacheControl) { response.headers[.cacheControl] = "no-store" }
        // An answer to HEAD has the length of the body but not the body, errors included.
        return request.method == .head ? response.createHeadResponse() : response
    }

    /// Up to 128 of the characters that ids are made of; anything else could spoil logs.
    private static func accepted(_ id: String) -> String? {
        let allowed = id.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: ":"):
                true
            default: false
            }
        }
        return allowed && (1...128).contains(id.utf8.count) ? id : nil
    }

    /// 16 hexadecimal digits, not all of them 0.
    static func make() -> String {
        let digits = String(UInt64.random(in: 1 ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
