import HTTPAPI
import Store
import Trading

/// Knows one mode with two parameters, and every market but DOGEUSDT; of SILENTUSDT it never says whether there is one.
struct TestValidator: StartValidator {
    struct Unforeseen: Error {}

    let choices = StartChoices(
        modes: [
            StartChoices.Mode(
                name: "scalp",
                summary: "Buys and sells.",
                parameters: .object(["type": .string("object")])
            )
        ],
        exchanges: ["binance"],
        executions: [.paper]
    )

    func validate(_ request: StartRequest) async throws -> StartVerdict {
        var problems: [FieldProblem] = []
        if let mode = request.mode, mode != "scalp" {
            problems.append(FieldProblem(field: "mode", message: "\"\(mode)\" is not known. Known are: \"scalp\"."))
        }
        if request.execution == .live {
            problems.append(FieldProblem(field: "execution", message: "Live trading is not allowed here."))
        }
        switch request.symbol?.name {
        case "DOGEUSDT": problems.append(FieldProblem(field: "symbol", message: "There is no such market."))
        case "AWAYUSDT": throw APIUnavailable(detail: "The exchange cannot be asked for its markets.")
        case "SILENTUSDT":
            while true { try await Task.sleep(for: .seconds(3_600)) }
        case "BUGUSDT": throw Unforeseen()
        default: break
        }
        for key in (request.config ?? [:]).keys.sorted() where key != "fast" && key != "slow" {
            problems.append(FieldProblem(field: "config.\(key)", message: "is not known. Known are: fast."))
        }
        guard problems.isEmpty else { return .invalid(problems) }
        return .valid(config: .object(["fast": request.config?["fast"] ?? .string("5"), "slow": .string("20")]))
    }
}
