import ArgumentParser
import FoundationEssentials
import Trading

struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Starts a strategy.",
        discussion: """
            Example: tenure start BTCUSDT --mode scalp --interval 1m --set fast_period=5 --set stop_loss=0.004
            """
    )

    @OptionGroup var strategy: ModeArguments

    @Flag(help: "Trade with real money, not on paper.")
    var live = false

    @Option(
        name: .customLong("limit"),
        help: ArgumentHelp(
            "What it may risk, in quote units: order_value, position_value, daily_loss; or orders_per_minute.",
            valueName: "key=value"
        ),
        transform: Parameter.init
    )
    var limits: [Parameter] = []

    @Flag(help: "Return as soon as it is recorded, without waiting until it runs.")
    var noWait = false

    @OptionGroup var options: ClientOptions

    struct Parameter {
        let key: String
        let value: JSONValue

        /// Numbers and truths as such; what is neither is text.
        init(_ text: String) throws {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw ValidationError("give key=value, not \(text)")
            }
            key = String(text[..<equals])
            let rest = String(text[text.index(after: equals)...])
            value =
                switch try? JSONValue(text: rest) {
                case .number(let number): .number(number)
                case .bool(let truth): .bool(truth)
                default: .string(rest)
                }
        }
    }

    func run() async throws {
        let limits = try Self.object(of: limits, "--limit")
        var body = try strategy.body()
        body["execution"] = .string(live ? "live" : "paper")
        if !limits.isEmpty { body["limits"] = .object(limits) }
        let client = try options.client()
        let request = body
        let answer = try await withProgress("Starting \(strategy.symbol)") {
            try await client.post(
                "/api/live-strategy/start",
                request,
                headers: noWait ? ["prefer": "respond-async"] : [:]
            )
        }
        options.print(answer, Self.text)
    }

    static func object(of parameters: [Parameter], _ option: String) throws -> [String: JSONValue] {
        var object: [String: JSONValue] = [:]
        for parameter in parameters {
            guard object.updateValue(parameter.value, forKey: parameter.key) == nil else {
                throw fail("\(option) \(parameter.key) is given twice; give it once", code: 64)
            }
        }
        return object
    }

    static func text(_ answer: JSONValue) -> String {
        let title = "strategy \(answer["id"].cell), \(answer["symbol"].cell) (\(answer["strategy_type"].cell))"
        guard answer["status"]?.string == "running" else {
            let error = answer["last_error"]?.string.map { ": \($0)" } ?? ""
            return "Recorded as \(title); it is \(answer["status"].cell)\(error)"
        }
        return "Started \(title) on \(answer["owner"].replicaCell)"
    }
}
