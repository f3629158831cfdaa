import HTTPTypes
import Hummingbird
import Store

/// What happens, as it happens: server-sent events (HTML Living Standard, section 9.2).
struct EventStreamRoutes: Sendable {
    let queries: StrategyQueries
    let feed: EventFeed

    private static let lastEventID = HTTPField.Name("Last-Event-ID")!
    private static let bufferingByProxy = HTTPField.Name("X-Accel-Buffering")!

    func add(to table: inout RouteTable) {
        table.add(
            .get,
            "/api/events",
            for: .viewer,
            "what happens, as server-sent events",
            Operation(
                [.strategy, .lastEventID, .kinds] + Parameter.page(Cursor(.events, id: 42)),
                .streamOrList(
                    of: .event,
                    "The stream, from `last_event_id` on; or, for whoever asks for application/json, a list, newest first. "
                        + "The stream takes `strategy` and `last_event_id`, the list the others."
                )
            ),
            events
        )
    }

    private func events(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        // The newest ones, as every other list, for whoever asks for JSON.
        if request.headers[.accept] == "application/json" { return try await list(request) }
        var query = QueryParameters(request, known: ["strategy", "last_event_id"])
        let strategy = query.id("strategy")
        // A browser sends the header when it comes back; the parameter is for the first time.
        let asked = query.position("last_event_id", header: request.headers[Self.lastEventID])
        try query.finish()
        guard feed.hasRoom else { throw Problem.tooManyReaders }
        // Also finds out that the database is there, while that can still be said by a status. A position beyond the end is
        // one of a log that is gone.
        let last = try await queries.lastEvent()
        let channel = context.channel
        let messages = EventMessages(
            feed: feed,
            queries: queries,
            start: min(asked ?? last, last),
            strategy: strategy,
            drop: { channel.close(promise: nil) }
        )
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store",
                Self.bufferingByProxy: "no",
            ],
            body: ResponseBody(asyncSequence: messages)
        )
    }

    private func list(_ request: Request) async throws -> Response {
        var query = QueryParameters(request, known: ["kinds", "limit", "cursor"])
        let kinds = query.names("kinds")
        let before = query.cursor(of: .events) { $0.id }
        let limit = query.limit()
        try query.finish()
        let page = try await queries.events(kinds: kinds, before: before, limit: limit)
        return Answer.list(page.items, next: page.next.map { Cursor(.events, id: $0) }) { $0.write(to: &$1) }
    }
}
