import ArgumentParser
import Trading

struct HaltCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "halt",
        abstract: "Halts all trading: no order leaves anywhere, until `tenure unhalt`.",
        discussion: """
            Neither entries nor exits, live or on paper: stop-losses do not sell either, and positions stay as they are. \
            Candles go on being processed, and what became of orders that had left is found out. It holds through restarts. \
            To keep strategies from opening positions while they may still close them, use `tenure pause`.

            Example: tenure halt --reason "the exchange's prices are wrong"
            """
    )

    @Option(help: "Why, for everybody who wonders.")
    var reason: String?

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let body = reason.map { ["reason": JSONValue.string($0)] } ?? [:]
        options.print(try await options.client().post("/api/halt", body), Self.text)
    }

    static func text(_ halt: JSONValue) -> String {
        guard halt["halted"] == .bool(true) else { return "Trading is not halted" }
        let by = halt["by"]?.string.map { " by \($0)" } ?? ""
        var text = "TRADING IS HALTED since \(halt["since"].cell)\(by): \(halt["reason"].cell)"
        let awaited = (halt["awaited"]?.array ?? []).map { "\($0["name"].cell) (\($0["id"].cell))" }
        if !awaited.isEmpty {
            text += "\nNot confirmed yet that nothing is under way: \(awaited.joined(separator: ", "))"
        }
        return text
    }
}
