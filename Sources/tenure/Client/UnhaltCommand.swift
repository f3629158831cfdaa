import ArgumentParser
import Trading

struct UnhaltCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unhalt",
        abstract: "Lifts the halt: strategies trade again, from their next candles on.",
        discussion: """
            What was refused while trading was halted is not made up for.

            Example: tenure unhalt
            """
    )

    @OptionGroup var options: ClientOptions

    func run() async throws {
        options.print(try await options.client().delete("/api/halt"), HaltCommand.text)
    }
}
