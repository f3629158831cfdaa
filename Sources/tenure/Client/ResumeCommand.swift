import ArgumentParser
import Trading

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Lets a paused strategy open positions again; starts a failed or quarantined one again.",
        discussion: "Example: tenure resume BTCUSDT"
    )

    @OptionGroup var market: MarketArguments
    @OptionGroup var options: ClientOptions

    func run() async throws {
        options.print(try await options.client().post("/api/live-strategy/resume", market.body)) {
            "\($0["symbol"].cell) is \($0["status"].cell)"
        }
    }
}
