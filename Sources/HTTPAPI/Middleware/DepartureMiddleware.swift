import HTTPTypes
import Hummingbird

/// Asks clients that keep their connection to open a new one, which leads them elsewhere, once this replica is leaving.
struct DepartureMiddleware: RouterMiddleware {
    let readiness: any ReadinessSource

    @concurrent func handle(
        _ request: Request,
        context: APIRequestContext,
        next: @concurrent (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        if case .unready(.draining, _) = await readiness.readiness() { response.headers[.connection] = "close" }
        return response
    }
}
