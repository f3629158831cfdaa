import ArgumentParser
import ExchangeSimulator
import Logging
import Observability
import ServiceLifecycle
import UnixSignals

struct SimulatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulator",
        abstract: "An exchange that speaks Binance's protocols, for trying and testing.",
        discussion: """
            Without --replay it invents a market: the same for the same seed, whenever and wherever it runs. With --replay it \
            plays recorded candles (SYMBOL-INTERVAL.csv).

            Orders are traded too, for whoever has an account: without --account there is one, with the key simulator-key, \
            the secret simulator-secret and plenty of money. POST /sim/accounts adds more, POST /sim/faults lets things go \
            wrong, GET /sim/orders tells every order request that ever came.

            Examples:
              tenure simulator --seed 7 --speed 10
              tenure simulator --replay BTCUSDT-1m.csv --account KEY:SECRET:USDT=1000
            """
    )

    @Option(help: "Where to listen.")
    var host = "127.0.0.1"

    @Option(help: "The port; 0 for any free one.")
    var port = 9100

    @Option(help: "What the invented market is derived from.")
    var seed: UInt64 = 1

    @Option(help: "How many markets for load tests are listed: SIM0001USDT, SIM0002USDT, …")
    var listedMarkets = 0

    @Option(parsing: .upToNextOption, help: "Recorded candles to play.")
    var replay: [String] = []

    @Option(help: "How many times as fast as real time the market moves.")
    var speed = 1.0

    @Flag(help: "Let the market move only on POST /sim/advance (with --replay).")
    var steps = false

    @Flag(help: "With --steps, let the exchange's clock go on between the steps.")
    var ticking = false

    @Option(help: "Who may trade, and with what: KEY:SECRET or KEY:SECRET:USDT=1000,BTC=0.5. May be repeated.")
    var account: [String] = []

    @Option(help: "What the best price of the book holds, in least order values.")
    var liquidity = 1_000

    @Option(help: "Candles of a recording that have passed already when it starts.")
    var history = 200

    @Option(help: "Request weight per minute and address.")
    var weightLimit = 6_000

    func run() async throws {
        LogConfiguration().bootstrap()
        var configuration = SimulatorConfiguration()
        configuration.host = host
        configuration.port = port
        configuration.seed = seed
        configuration.listedMarkets = listedMarkets
        configuration.replayFiles = replay
        configuration.speed = speed
        configuration.steps = steps
        configuration.history = history
        configuration.ticking = ticking
        configuration.liquidity = liquidity
        if !account.isEmpty { configuration.accounts = try account.map(Self.account) }
        configuration.weightLimit = weightLimit
        let logger = Logger(label: "tenure.simulator")
        let server: SimulatorServer
        do {
            server = try SimulatorServer(configuration: configuration, logger: logger)
        } catch {
            throw fail(error.message, code: 65)
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: server)],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: Logger(label: "tenure.simulator") { _ in SwiftLogNoOpLogHandler() }
            )
        )
        do {
            try await group.run()
        } catch let error as SimulatorError {
            throw fail(error.message, code: 69)
        }
    }

    private static func account(_ text: String) throws -> AccountConfiguration {
        guard let account = AccountConfiguration(text) else {
            throw fail("--account \(text) should look like KEY:SECRET or KEY:SECRET:USDT=1000,BTC=0.5", code: 64)
        }
        return account
    }
}
