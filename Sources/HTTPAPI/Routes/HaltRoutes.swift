import HTTPTypes
import Hummingbird
import Postgres
import Store
import Trading

/// The switch for all trading.
struct HaltRoutes: Sendable {
    let configuration: APIConfiguration
    let dependencies: APIDependencies

    private var halts: HaltRepository { dependencies.halts }

    func add(to table: inout RouteTable) {
        table.add(
            .get,
            "/api/halt",
            for: .viewer,
            "whether all trading is halted, why, and who has not confirmed it",
            Operation(.json(.halt, "What holds now.")),
            current
        )
        table.add(
            .post,
            "/api/halt",
            for: .trader,
            "let no order leave anywhere: neither entries nor exits",
            Operation(
                body: .haltRequest,
                .json(.halt, "It holds, and nothing that was decided before it is under way any more."),
                .json(.accepted, .halt, "It holds, but the replicas in `awaited` have not confirmed it yet.")
            ),
            halt
        )
        table.add(
            .delete,
            "/api/halt",
            for: .admin,
            "lift the halt: strategies trade again",
            Operation(.json(.halt, "Nothing is halted.")),
            lift
        )
    }

    private func current(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let halt = try await halts.current()
        return answer(halt, awaited: try await halts.awaited(halt.number))
    }

    /// 200 once every replica has nothing under way any more that was decided before; 202, naming the others, if that takes
    /// longer. New orders are refused from the commit of the halt on in either case.
    private func halt(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let body = try await request.jsonBody(limit: configuration.bodyLimit)
        let halt = try await halts.halt(reason: try HaltRequest(body).reason, by: context.principal?.name)
        do {
            let reached: [Owner]? = try await dependencies.changes.firstAnswer(
                about: 0,
                within: configuration.stopWait,
                every: configuration.recheckInterval
            ) {
                let awaited = try await halts.awaited(halt.number)
                return awaited.isEmpty ? awaited : nil
            }
            if let reached { return answer(halt, awaited: reached) }
            let awaited = try await halts.awaited(halt.number)
            return answer(halt, awaited: awaited, status: awaited.isEmpty ? .ok : .accepted)
        } catch let error as PostgresError where Problem(error) != nil {
            throw Problem.databaseUnavailable("The halt is recorded and holds; who has heard of it cannot be said now.")
        }
    }

    private func lift(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let halt = try await halts.lift(by: context.principal?.name)
        return answer(halt, awaited: [])
    }

    private func answer(_ halt: TradingHalt, awaited: [Owner], status: HTTPResponse.Status = .ok) -> Response {
        Answer.json(status) { json in
            halt.members(of: &json)
            json.member("awaited") { json in
                json.array(awaited) { json, owner in Optional(owner).write(to: &json) }
            }
        }
    }
}
