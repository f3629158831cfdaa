import Exchanges
import HTTPAPI
import Store
import Strategies
import Trading

/// Checks a start against what this program can run: its modes, its exchanges, their markets.
struct ModeValidator: StartValidator {
    let registry: StrategyRegistry
    /// By name.
    let exchanges: [String: any Exchange]
    /// Names of those that this program may send orders to.
    let live: Set<String>

    var choices: StartChoices {
        StartChoices(
            modes: registry.modeNames.compactMap(registry.mode).map {
                StartChoices.Mode(name: $0.name, summary: $0.summary, parameters: $0.schema.jsonSchema)
            },
            exchanges: exchanges.keys.sorted(),
            executions: live.isEmpty ? [.paper] : [.paper, .live]
        )
    }

    func validate(_ request: StartRequest) async throws -> StartVerdict {
        var problems: [HTTPAPI.FieldProblem] = []
        var config: JSONValue?
        if let name = request.mode {
            if let mode = registry.mode(name) {
                let asked = request.config.map(JSONValue.object)
                problems += mode.validate(config: asked).map { .init(field: $0.field, message: $0.message) }
                if problems.isEmpty { config = try mode.normalized(config: asked) }
            } else {
                let known = registry.modeNames.joined(separator: ", ")
                problems.append(.init(field: "mode", message: "unknown mode \"\(name)\"; the modes are: \(known)"))
            }
        }
        if request.execution == .live, let name = request.exchange, exchanges[name] != nil, !live.contains(name) {
            problems.append(
                .init(
                    field: "execution",
                    message: "this replica sends no live orders to \(name): use \"paper\", or set TENURE_ALLOW_LIVE "
                        + "and the exchange's API key and secret on every replica"
                )
            )
        }
        if let name = request.exchange {
            if let exchange = exchanges[name] {
                if let symbol = request.symbol, let problem = try await check(symbol, on: exchange) {
                    problems.append(problem)
                }
            } else {
                let known = exchanges.keys.sorted().joined(separator: ", ")
                problems.append(
                    .init(field: "exchange", message: "unknown exchange \"\(name)\"; the exchanges are: \(known)")
                )
            }
        }
        if let config, problems.isEmpty { return .valid(config: config) }
        return problems.isEmpty ? .valid(config: .object([:])) : .invalid(problems)
    }

    private func check(_ symbol: Symbol, on exchange: any Exchange) async throws -> HTTPAPI.FieldProblem? {
        do {
            _ = try await exchange.market(symbol)
            return nil
        } catch let error where error.code == .unknownSymbol {
            return .init(field: "symbol", message: error.message)
        } catch {
            throw APIUnavailable(
                detail: "The exchange \(exchange.name) cannot be asked whether it has \(symbol): \(error.message)",
                retryAfter: error.retryAfter ?? .seconds(1)
            )
        }
    }
}
