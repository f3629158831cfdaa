import HTTPTypes
import Hummingbird
import Logging

/// All routes of the API, in one place: what is registered, what GET /api lists, what 405
/// answers with, and what `/openapi.json` says.
struct RouteTable: Sendable {
    typealias Handler = @Sendable (Request, APIRequestContext) async throws -> Response

    struct Route: Sendable {
        let method: HTTPRequest.Method
        /// With parameters in braces: `/api/live-strategy/{id}`.
        let path: String
        let summary: String
        /// Who may; nil for everybody, without a token.
        let role: AccessRole?
        let operation: Operation
        let handler: Handler
    }

    private(set) var routes: [Route] = []

    mutating func add(
        _ method: HTTPRequest.Method,
        _ path: String,
        for role: AccessRole?,
        _ summary: String,
        _ operation: Operation,
        _ handler: @escaping Handler
    ) {
        routes.append(
            Route(method: method, path: path, summary: summary, role: role, operation: operation, handler: handler)
        )
    }

    func register(on router: Router<APIRequestContext>, _ access: AccessControl, _ limits: RateLimits) {
        for route in routes {
            let respond: Handler = { request, context in
                guard let role = route.role else {
                    if RateLimits.isLimited(route.path) { try limits.take(request, context) }
                    return try await route.handler(request, context)
                }
                var context = context
                do {
                    context.principal = try access.admit(request, as: role)
                } catch {
                    try limits.noteRefusal(request, context)
                    throw error
                }
                try limits.take(request, context, by: context.principal)
                if let name = context.principal?.name { context.logger[metadataKey: "access.name"] = "\(name)" }
                return try await route.handler(request, context)
            }
            // HEAD has the whole answer made, so that its headers are those of GET whatever becomes of the body on its way; that is
            // left out in the end.
            for method in route.method == .get ? [.get, .head] : [route.method] {
                router.on(RouterPath(route.path), method: method, use: respond)
            }
        }
    }

    /// The methods that a path takes; empty if there is nothing. Names go before parameters, as in the router.
    func methods(at path: String) -> [String] {
        let segments = path.split(separator: "/")
        let matching = routes.compactMap { route -> (route: Route, parameters: Int)? in
            let pattern = route.path.split(separator: "/")
            guard pattern.count == segments.count else { return nil }
            var parameters = 0
            for (expected, segment) in zip(pattern, segments) {
                if expected.hasPrefix("{") {
                    parameters += 1
                } else if expected != segment {
                    return nil
                }
            }
            return (route, parameters)
        }
        guard let fewest = matching.map(\.parameters).min() else { return [] }
        var methods = matching.filter { $0.parameters == fewest }.map(\.route.method.rawValue)
        if methods.contains("GET") { methods.append("HEAD") }
        return methods.sorted()
    }
}
