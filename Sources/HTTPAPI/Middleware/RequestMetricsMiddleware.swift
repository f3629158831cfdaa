import HTTPTypes
import Hummingbird
import Metrics
import Synchronization

/// Counts requests and measures them, by route, method and status.
final class RequestMetricsMiddleware: RouterMiddleware {
    private struct Key: Hashable {
        let route: String
        let method: String
        let status: Int
    }

    private struct Handles {
        let count: Counter
        let duration: Timer
    }

    private static let knownMethods: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE",
    ]

    private let factory: any MetricsFactory
    private let handles = Mutex<[Key: Handles]>([:])

    init(factory: any MetricsFactory) {
        self.factory = factory
    }

    @concurrent func handle(
        _ request: Request,
        context: APIRequestContext,
        next: @concurrent (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let response = try await next(request, context)
        // Only names that this program knows: clients must not be able to make up series.
        let method = request.method.rawValue
        let known = context.endpointPath.flatMap { $0 == "NotFound" ? nil : $0 } ?? "unmatched"
        let key = Key(
            route: known,
            method: Self.knownMethods.contains(method) ? method : "OTHER",
            status: response.status.code
        )
        let handles = handles(for: key)
        handles.count.increment()
        handles.duration.recordNanoseconds(start.duration(to: .now).nanoseconds)
        return response
    }

    private func handles(for key: Key) -> Handles {
        handles.withLock { handles in
            if let known = handles[key] { return known }
            let labels = [("route", key.route), ("method", key.method), ("status", String(key.status))]
            let made = Handles(
                count: Counter(label: "tenure_http_requests_total", dimensions: labels, factory: factory),
                duration: Timer(label: "tenure_http_request_duration_seconds", dimensions: labels, factory: factory)
            )
            handles[key] = made
            return made
        }
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
