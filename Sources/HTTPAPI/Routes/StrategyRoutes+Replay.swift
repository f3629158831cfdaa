import HTTPTypes
import Hummingbird
import Store
import Trading

extension StrategyRoutes {
    static let replayCandles = 100...5_000
    private static let usualCandles = 1_000

    func addReplay(to table: inout RouteTable) {
        table.add(
            .post,
            "/api/replay",
            for: .viewer,
            "what a strategy would have done lately",
            Operation(
                body: .replayRequest,
                .json(.replay, "On paper, over the latest closed candles. Nothing is stored, and nothing is started.")
            ),
            replay
        )
    }

    private func replay(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let body = try await request.jsonBody(limit: configuration.bodyLimit)
        var (rest, count, problems) = (body, Self.usualCandles, [FieldProblem]())
        if case .object(var members) = body, let given = members.removeValue(forKey: "candles") {
            rest = .object(members)
            if case .number = given, let number = Int(given.text), Self.replayCandles.contains(number) {
                count = number
            } else if given != .null {
                let range = "\(Self.replayCandles.lowerBound) to \(Self.replayCandles.upperBound)"
                problems.append(FieldProblem(field: "candles", message: "must be a whole number from \(range)."))
            }
        }
        let order = try await order(from: rest, besides: problems)
        let report = try await dependencies.replays.replay(order, candles: count)
        return Answer.json { json in
            json.member("symbol", order.symbol.name)
            json.member("exchange", order.exchange)
            json.member("mode", order.strategyType)
            json.member("interval", order.interval.rawValue)
            json.member("config", json: order.config.text)
            report.members(of: &json)
        }
    }
}
