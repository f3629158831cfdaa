import Hummingbird
import Store

/// Who started, stopped, changed and halted what.
struct AuditRoutes: Sendable {
    let queries: StrategyQueries

    func add(to table: inout RouteTable) {
        table.add(
            .get,
            "/api/audit",
            for: .admin,
            "who did what, kept for good",
            Operation(
                [.actor, .symbol, .kinds] + Parameter.page(Cursor(.audit, id: 42)),
                .list(
                    of: .auditEntry,
                    "Newest first. What was done where no tokens are configured has no name, and is not here."
                )
            ),
            audit
        )
    }

    private func audit(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        var query = QueryParameters(request, known: ["by", "symbol", "kinds", "limit", "cursor"])
        let (name, symbol, kinds) = (query.text("by"), query.symbol(), query.names("kinds"))
        let before = query.cursor(of: .audit) { $0.id }
        let limit = query.limit()
        try query.finish()
        let page = try await queries.audit(by: name, symbol: symbol, kinds: kinds, before: before, limit: limit)
        return Answer.list(page.items, next: page.next.map { Cursor(.audit, id: $0) }) { $0.write(to: &$1) }
    }
}
