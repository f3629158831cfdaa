import ArgumentParser
import Exchanges
import FoundationEssentials
import HTTPAPI
import Logging
import Migrations
import Observability
import Postgres
import Store
import Strategies
import Trading

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Takes over the strategies and the history of the earlier, single-process version (SQLite).",
        discussion: """
            It first shows what it would do, and changes nothing; with --apply it does it. What is in the cluster already \
            stays as it is, so it may be run again at any time. Rows that are wrong are named, with the reason, and left \
            out. The file is only read; stop the earlier version before --apply, or both trade.

            Strategies that were active start in paper mode, as old as they are; paused ones are paused. What the earlier \
            version knew of intervals is taken from the member "interval" or "timeframe" of a strategy's config.

            It needs the database, and the exchange to ask whether it has the markets: settings as for `tenure serve`.

            Examples:
              tenure import strategies.db --interval 1m
              tenure import strategies.db --interval 1m --apply

            Exit status: 0 all of it; 65 some rows, or the file, are wrong; 66 there is no such file; 69 the database or \
            the exchange cannot be reached; 78 wrong settings.
            """
    )

    @Argument(help: "The earlier version's database.", completion: .file(extensions: ["db", "sqlite", "sqlite3"]))
    var file: String

    @Flag(help: "Do it.")
    var apply = false

    @Option(
        help: "The candles of strategies whose config does not say: 1m, 5m, …",
        transform: { text in
            guard let interval = Interval(rawValue: text) else {
                let known = Interval.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("\(text) is not one of \(known)")
            }
            return interval
        }
    )
    var interval: Interval?

    @Option(help: "The exchange of what does not say.")
    var exchange = "binance"

    @Flag(help: "Take everything over as trading with real money, not on paper.")
    var live = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let settings = try Settings.ofThisProcess()
        settings.log.bootstrap(output: .standardError)
        guard FileManager.default.fileExists(atPath: file) else { throw fail("there is no file \(file)", code: 66) }
        let earlier: EarlierDatabase
        do {
            earlier = try EarlierDatabase(path: file)
        } catch {
            throw fail(
                "\(file) is not a database of the earlier version (tables active_strategies, strategy_history): "
                    + error.message,
                code: 65
            )
        }
        do {
            let report = try await takeOver(earlier, settings)
            print(json ? report.json.text : report.text)
            if report.hasProblems { throw ExitCode(65) }
        } catch let error as PostgresError {
            throw fail(error.message, code: 69)
        } catch let error as APIUnavailable {
            throw fail("\(error.detail) Nothing was changed.", code: 69)
        }
    }

    private func takeOver(_ earlier: EarlierDatabase, _ settings: Settings) async throws -> ImportReport {
        var logger = Logger(label: "tenure.import")
        logger.logLevel = .warning
        let database = PostgresConfiguration(connectionString: settings.sessionDatabaseURL)
        let status = try await Migrator().check(database, logger: logger)
        guard status.isUpToDate else {
            throw fail("\(SchemaOutdated(version: status.databaseVersion, needed: status.latestVersion))", code: 78)
        }
        let binance = BinanceExchange(configuration: settings.binance, logger: logger)
        defer { binance.shutDown() }
        let plan = try await ImportPlan(
            earlier,
            validator: ModeValidator(
                registry: .builtIn,
                exchanges: [binance.name: binance],
                live: settings.allowsLive ? [binance.name] : []
            ),
            exchange: exchange,
            interval: interval,
            execution: live ? .live : .paper,
            limits: settings.defaultLimits
        )
        let connection = try await PostgresConnection.connect(database, logger: logger)
        do {
            let report = try await plan.carryOut(ImportRepository(connection), applying: apply)
            await connection.close()
            return report
        } catch {
            await connection.close()
            throw error
        }
    }
}
