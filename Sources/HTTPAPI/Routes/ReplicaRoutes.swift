import HTTPTypes
import Hummingbird
import Store

/// The replicas: who they are, and asking one to go.
struct ReplicaRoutes: Sendable {
    let desired: DesiredStateRepository
    let queries: StrategyQueries

    func add(to table: inout RouteTable) {
        table.add(
            .get,
            "/api/replicas",
            for: .viewer,
            "the replicas, with load and lease",
            Operation(.list(of: .replica, "All of them.")),
            replicas
        )
        table.add(.get, "/api/replicas/{id}", for: .viewer, "one replica", Operation(.json(.replica, "It.")), replica)
        table.add(
            .post,
            "/api/replicas/{id}/drain",
            for: .admin,
            "let a replica hand everything over and go",
            Operation(.json(.accepted, .replica, "It hands over from now on.")),
            drain
        )
        table.add(
            .get,
            "/api/ownership",
            for: .viewer,
            "who took which shard from whom, when and why",
            Operation(
                [.replica] + Parameter.page(.ofOwnership),
                .list(of: .ownershipChange, "Newest first.")
            ),
            ownership
        )
    }

    private func replicas(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let replicas = try await queries.replicas()
        return Answer.list(replicas, next: nil) { $0.write(to: &$1) }
    }

    private func replica(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let id = try id(context)
        try QueryParameters(request, known: []).finish()
        guard let replica = try await queries.replica(id: id) else { throw Problem.noReplica(id: String(id)) }
        return Answer.json { replica.members(of: &$0) }
    }

    /// 202 with the replica: it hands over from now on, and is gone a moment later.
    private func drain(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let id = try id(context)
        try QueryParameters(request, known: []).finish()
        guard try await desired.requestDrain(ofReplica: id, by: context.principal?.name),
            let replica = try await queries.replica(id: id)
        else { throw Problem.noReplica(id: String(id)) }
        return Answer.json(.accepted, headers: [.location: "/api/replicas/\(id)"]) { replica.members(of: &$0) }
    }

    private func ownership(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        var query = QueryParameters(request, known: ["replica", "limit", "cursor"])
        let replica = query.id("replica")
        let before = query.cursor(of: .ownership) { $0.ownership }
        let limit = query.limit()
        try query.finish()
        let page = try await queries.ownership(replica: replica, before: before, limit: limit)
        return Answer.list(page.items, next: page.next.map { Cursor($0) }) { $0.write(to: &$1) }
    }

    private func id(_ context: APIRequestContext) throws -> Int64 {
        let text = context.parameters.get("id") ?? ""
        guard let id = Int64(text), id > 0, String(id) == text else {
            throw Problem.noReplica(id: "\"\(text.shortened)\"")
        }
        return id
    }
}
