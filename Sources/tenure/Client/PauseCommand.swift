import ArgumentParser
import Trading

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract:
            "Keeps a strategy from opening positions, whatever happens to its replica; candles go on being processed.",
        discussion: "Example: tenure pause BTCUSDT"
    )

    @OptionGroup var market: MarketArguments
    @OptionGroup var options: ClientOptions

    func run() async throws {
        options.print(try await options.client().post("/api/live-strategy/pause", market.body)) {
            "\($0["symbol"].cell) is \($0["status"].cell)"
        }
    }
}
