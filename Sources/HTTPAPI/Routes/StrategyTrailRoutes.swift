import HTTPTypes
import Hummingbird
import Store
import Trading

/// One strategy, in depth.
struct StrategyTrailRoutes: Sendable {
    /// Changes of owner shown with a strategy.
    private static let ownershipLimit = 100

    let queries: StrategyQueries

    func add(to table: inout RouteTable) {
        table.add(
            .get,
            "/api/live-strategy/{id}",
            for: .viewer,
            "one strategy and who ran it when",
            Operation(.either(.strategyInDepth, .stoppedStrategy, "An active one, or what is left of a stopped one.")),
            strategy
        )
        table.add(
            .get,
            "/api/live-strategy/{id}/ownership",
            for: .viewer,
            "who ran it when, and why it moved",
            Operation(Parameter.page(.ofOwnership), .list(of: .ownershipChange, "Newest first.")),
            ownership
        )
        table.add(
            .get,
            "/api/live-strategy/{id}/orders",
            for: .viewer,
            "its orders",
            Operation(Parameter.page(.ofOrders), .list(of: .order, "Newest first.")),
            orders
        )
        table.add(
            .get,
            "/api/live-strategy/{id}/fills",
            for: .viewer,
            "its trades",
            Operation(Parameter.page(.ofFills), .list(of: .fill, "Newest first.")),
            fills
        )
        table.add(
            .get,
            "/api/live-strategy/{id}/events",
            for: .viewer,
            "what happened to it",
            Operation(Parameter.page(Cursor(.events, id: 42)), .list(of: .event, "Newest first.")),
            events
        )
    }

    private func strategy(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let id = try context.strategyID()
        try QueryParameters(request, known: []).finish()
        if let active = try await queries.active(id: id) {
            let ownership = try await queries.ownership(of: id, limit: Self.ownershipLimit).items
            let state = try await queries.state(of: id)
            return Answer.json(headers: [.eTag: active.entityTag]) { json in
                active.members(of: &json)
                json.member("state", json: state?.text ?? "null")
                json.member("ownership") { json in
                    json.array(ownership) { json, change in change.write(to: &json) }
                }
            }
        }
        guard let stopped = try await queries.stopped(id: id) else { throw Problem.noStrategy(id: String(id)) }
        return Answer.json { stopped.members(of: &$0) }
    }

    private func ownership(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try await list(request, context, of: .ownership, \.ownership, { Cursor($0) }) { id, before, limit in
            try await queries.ownership(of: id, before: before, limit: limit)
        } item: {
            $0.write(to: &$1)
        }
    }

    private func orders(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try await list(request, context, of: .orders, \.order, { Cursor($0) }) { id, before, limit in
            try await queries.orders(of: id, before: before, limit: limit)
        } item: {
            $0.write(to: &$1)
        }
    }

    private func fills(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try await list(request, context, of: .fills, \.fill, { Cursor($0) }) { id, before, limit in
            try await queries.fills(of: id, before: before, limit: limit)
        } item: {
            $0.write(to: &$1)
        }
    }

    private func events(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try await list(request, context, of: .events, \.id, { Cursor(.events, id: $0) }) { id, before, limit in
            try await queries.events(of: id, before: before, limit: limit)
        } item: {
            $0.write(to: &$1)
        }
    }

    /// A page of what the strategy that the path names left behind.
    private func list<Item, Position>(
        _ request: Request,
        _ context: APIRequestContext,
        of list: Cursor.List,
        _ position: (Cursor) -> Position?,
        _ cursor: (Position) -> Cursor,
        query page: (_ id: Int64, _ before: Position?, _ limit: Int) async throws -> Page<Item, Position>,
        item write: (Item, inout JSONWriter) -> Void
    ) async throws -> Response {
        let id = try context.strategyID()
        var query = QueryParameters(request, known: ["limit", "cursor"])
        let before = query.cursor(of: list, position)
        let limit = query.limit()
        try query.finish()
        let page = try await page(id, before, limit)
        try await refuseUnknown(id, empty: page.items.isEmpty)
        return Answer.list(page.items, next: page.next.map(cursor), write)
    }

    /// An empty list of a strategy that never was is a mistake of the caller, who should hear of it.
    private func refuseUnknown(_ id: Int64, empty: Bool) async throws {
        guard empty else { return }
        guard try await queries.exists(id: id) else { throw Problem.noStrategy(id: String(id)) }
    }
}

extension APIRequestContext {
    /// The strategy that the path names.
    func strategyID() throws -> Int64 {
        let text = parameters.get("id") ?? ""
        guard let id = Int64(text), id > 0, String(id) == text else {
            throw Problem.noStrategy(id: "\"\(text.shortened)\"")
        }
        return id
    }
}
