import HTTPTypes
import Hummingbird
import Store
import Trading

/// The limits of the whole cluster.
struct LimitRoutes: Sendable {
    let configuration: APIConfiguration
    let limits: LimitRepository

    func add(to table: inout RouteTable) {
        table.add(
            .get,
            "/api/limits",
            for: .viewer,
            "what all strategies together may hold, and what they do",
            Operation(.json(.clusterLimits, "For each way of trading.")),
            current
        )
        // It binds everybody's strategies.
        table.add(
            .put,
            "/api/limits",
            for: .admin,
            "set what all strategies together may hold",
            Operation(body: .clusterLimitsRequest, .json(.clusterLimits, "Every entry keeps to it from now on.")),
            set
        )
    }

    private func current(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        return try await answer()
    }

    private func set(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let body = try await request.jsonBody(limit: configuration.bodyLimit)
        var fields = try RequestFields(body, known: ["exposure"])
        let wanted = fields.exposureLimits()
        try fields.finish()
        for execution in Execution.allCases {
            guard let limit = wanted[execution] else { continue }
            try await limits.limitExposure(execution, to: limit, by: context.principal?.name)
        }
        return try await answer()
    }

    private func answer() async throws -> Response {
        let exposure = try await limits.exposure()
        return Answer.json { json in
            json.member("exposure") { json in
                json.object { json in
                    for each in exposure {
                        json.member(each.execution.rawValue) { json in
                            json.object { json in
                                json.member("limit", each.limit)
                                json.member("used", each.used)
                            }
                        }
                    }
                }
            }
        }
    }
}
