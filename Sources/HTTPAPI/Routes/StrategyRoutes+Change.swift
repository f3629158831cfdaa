import HTTPTypes
import Hummingbird
import Store
import Trading

extension StrategyRoutes {
    /// Attempts if others change the same strategy at the same time.
    private static let mostAttempts = 20

    func addChange(to table: inout RouteTable) {
        table.add(
            .patch,
            "/api/live-strategy/{id}",
            for: .trader,
            "change the parameters and limits of a strategy that runs",
            Operation(
                [.ifMatch, .idempotencyKey],
                body: .changeRequest,
                .json(
                    .strategy,
                    "Recorded. Its owner takes it over between two candles: then `applied_version` is `version`."
                ),
                problems: [
                    (.conflict, "The strategy is being stopped."),
                    (.preconditionFailed, "The strategy has another version than If-Match says."),
                ]
            ),
            change
        )
    }

    private func change(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let id = try context.strategyID()
        let condition = try VersionCondition(request)
        let body = try await request.jsonBody(limit: configuration.bodyLimit)
        let asked = condition.text.map { JSONValue.object(["if_match": .string($0), "body": body]) } ?? body
        return try await repetitions.answer(request, context, asking: asked) { key, done in
            if let done { return Reply.strategy(try await active(done)) }
            for _ in 0..<Self.mostAttempts {
                let strategy = try await active(id)
                guard strategy.status != .stopping else { throw Problem.stopping(strategy) }
                guard condition.holds(for: strategy.version) else { throw Problem.otherVersion(strategy) }
                guard let order = try await order(body, for: strategy, by: context.principal?.name) else {
                    return Reply.strategy(strategy)
                }
                switch try await dependencies.desired.change(order, key: key) {
                case .changed: return Reply.strategy(try await active(id))
                case .repeated: return nil
                // Somebody was quicker: what follows is made from what it is now.
                case .overtaken: break
                }
            }
            throw Problem.databaseUnavailable("Nothing was done: others change this strategy all the time.")
        }
    }

    /// - Returns: Nil if everything is so already.
    /// - Throws: ``Problem`` with everything that is wrong.
    private func order(_ body: JSONValue, for strategy: ActiveStrategy, by name: String?) async throws -> ChangeOrder? {
        let change = try ChangeRequest(body, to: strategy, defaultLimits: configuration.defaultLimits)
        var problems = change.problems
        var complete: JSONValue?
        if let config = change.config {
            switch try await dependencies.validator.validate(StartRequest(mode: strategy.strategyType, config: config))
            {
            case .valid(let config): complete = config
            case .invalid(let found): problems += found
            }
        }
        guard problems.isEmpty, let complete, let limits = change.limits else { throw Problem.invalidFields(problems) }
        var differences: [String: JSONValue] = [:]
        differences["config"] = JSONValue.differences(from: try JSONValue(text: strategy.config), to: complete)
        differences["limits"] = JSONValue.differences(
            from: try JSONValue(text: strategy.limits),
            to: try JSONValue(text: limits.jsonText)
        )
        guard !differences.isEmpty else { return nil }
        return ChangeOrder(
            id: strategy.id,
            version: strategy.version,
            config: complete,
            limits: limits,
            differences: .object(differences),
            by: name
        )
    }

    private func active(_ id: Int64) async throws -> ActiveStrategy {
        if let strategy = try await queries.active(id: id) { return strategy }
        guard try await queries.exists(id: id) else { throw Problem.noStrategy(id: String(id)) }
        throw Problem.noLongerActive(id: id)
    }
}

extension Reply {
    /// A strategy with its version as the entity tag.
    static func strategy(
        _ strategy: ActiveStrategy,
        _ status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) -> Reply {
        var headers = headers
        headers[.eTag] = strategy.entityTag
        return json(status, headers: headers) { strategy.members(of: &$0) }
    }
}
