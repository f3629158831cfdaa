import ArgumentParser
import Trading

struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "Shows, or sets, what all strategies together may hold.",
        discussion: """
            What is held counts at its cost, entries under way at the last price, both in quote units, which are added up as \
            they are. An entry that would go beyond the limit is refused, on every replica; exits never are.

            Example: tenure limits --exposure live=100000 --exposure paper=none
            """
    )

    @Option(help: ArgumentHelp("An amount, or none; for live or for paper.", valueName: "live|paper=amount"))
    var exposure: [String] = []

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let client = try options.client()
        guard !exposure.isEmpty else { return options.print(try await client.get("/api/limits"), Self.text) }
        var limits: [String: JSONValue] = [:]
        for text in exposure {
            let parts = text.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, limits[String(parts[0])] == nil else {
                throw fail("--exposure takes live=amount or paper=amount, each once, not \(text)", code: 64)
            }
            limits[String(parts[0])] = parts[1] == "none" ? .null : .string(String(parts[1]))
        }
        options.print(try await client.put("/api/limits", ["exposure": .object(limits)]), Self.text)
    }

    static func text(_ answer: JSONValue) -> String {
        var table = TextTable(["TRADING", "EXPOSURE", "LIMIT"])
        for execution in ["live", "paper"] {
            let exposure = answer["exposure"]?[execution]
            table.add([execution, exposure?["used"].cell ?? "–", exposure?["limit"].cell ?? "–"])
        }
        return table.text
    }
}
