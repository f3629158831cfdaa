import HTTPTypes
import Hummingbird

/// All routes of the API, in one place: what is registered, what GET / lists, and what 405 answers with.
struct RouteTable: Sendable {
    typealias Handler = @Sendable (Request, APIRequestContext) async throws -> Response

    struct Route: Sendable {
        let method: HTTPRequest.Method
        /// With parameters in braces: `/api/live-strategy/{id}`.
        let path: String
        let summary: String
        let handler: Handler
    }

    private(set) var routes: [Route] = []

    mutating func add(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ summary: String,
        _ handler: @escaping Handler
    ) {
        routes.append(Route(method: method, path: path, summary: summary, handler: handler))
    }

    func register(on router: Router<APIRequestContext>) {
        for route in routes {
            router.on(RouterPath(route.path), method: route.method, use: route.handler)
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
