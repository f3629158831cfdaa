import HTTPTypes
import Hummingbird
import Logging
import Postgres

/// Turns every error into problem details. Nothing of an unexpected one reaches the client but the request's id.
struct ProblemMiddleware: RouterMiddleware {
    let routes: RouteTable
    let bodyLimit: Int

    @concurrent func handle(
        _ request: Request,
        context: APIRequestContext,
        next: @concurrent (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            return problem(for: error, request, context).reply(requestID: context.requestID).response
        }
    }

    private func problem(for error: any Error, _ request: Request, _ context: APIRequestContext) -> Problem {
        if let error = error as? HTTPError, error.status == .notFound {
            let path = request.uri.path
            let allowed = routes.methods(at: path)
            return allowed.isEmpty
                ? .noRoute(path.shortened)
                : .methodNotAllowed(request.method.rawValue, path.shortened, allowed: allowed)
        }
        guard let problem = Problem(error, limit: bodyLimit) else {
            context.logger.error(
                "Unexpected error while answering a request",
                metadata: [
                    "http.method": "\(request.method.rawValue)", "http.path": "\(request.uri.path)",
                    "error.message": "\(error)", "error.type": "\(type(of: error))",
                ]
            )
            return .unexpected
        }
        if let error = error as? PostgresError {
            context.logger.warning(
                "A request was refused because the database does not answer",
                metadata: ["http.path": "\(request.uri.path)", "error.message": "\(error)"]
            )
            // What only reads cannot have taken effect, whatever became of the statement.
            let reads = request.method == .get || request.method == .head
            if reads, error.mayHaveBeenApplied { return .databaseUnavailable("Nothing was changed.") }
        }
        return problem
    }
}
