import Exchanges
import HTTPAPI
import Hosting
import Logging
import Observability
import Postgres
import Trading
import Webhooks

/// Everything that can be set, checked as a whole.
struct Settings: Sendable {
    var databaseURL = ""
    var sessionDatabaseURL = ""
    var host = "127.0.0.1"
    var port = 8080
    /// Nil: nobody is asked for a token.
    var accessTokens: AccessTokens?
    /// Where they are read again from when they change.
    var accessTokensFile: String?
    /// Requests a second of each sender; nil for no limit.
    var rateLimit: Int? = 1_000
    /// Nil: as many as the limit of open files allows.
    var connectionLimit: Int?
    var trustedProxies: Set<String> = ["127.0.0.1", "::1"]
    /// Nil to listen without TLS.
    var certificate: ListenerCertificate?
    /// Where they are read again from when they change.
    var certificateFiles: (chain: String, key: String)?
    var replicaName = ""
    var capacity = 10_000
    var leaseTTL = Duration.seconds(3)
    var heartbeatInterval = Duration.milliseconds(500)
    var drainTimeout = Duration.seconds(30)
    var drainLinger = Duration.seconds(2)
    var trials = TrialPolicy.standard
    /// Markets of others' strategies that this replica listens to.
    var standbyMarkets = 1_024
    var defaultExchange = "binance"
    /// Of strategies whose start does not say it.
    var defaultLimits = RiskLimits.none
    var binance = BinanceConfiguration()
    /// The same for all replicas that reach Binance from the same network address.
    var address = "default"
    /// Whether orders may leave this replica; then there are credentials.
    var allowsLive = false
    /// How long after it was signed an exchange accepts an order.
    var receiveWindow = Duration.seconds(5)
    /// How long after that Binance may take to show an order it accepted.
    var settlingMargin = Duration.seconds(30)
    /// Nil: nobody is notified.
    var webhook: WebhookConfiguration?
    var log = LogConfiguration()

    /// Reads all settings, or says everything that is wrong with them at once.
    init(_ source: SettingsSource, hostName: String) throws {
        let (settings, problems) = Self.read(source, hostName: hostName)
        guard problems.isEmpty else { throw SettingsError(problems: problems) }
        self = settings
    }

    /// The settings, with defaults for those that are wrong, and everything that is wrong.
    static func read(_ source: SettingsSource, hostName: String) -> (settings: Settings, problems: [String]) {
        var reader = SettingsReader(source: source)
        let settings = Settings(&reader, hostName: hostName)
        return (settings, reader.problems)
    }

    private init(_ reader: inout SettingsReader, hostName: String) {
        databaseURL = reader.required(
            "TENURE_DATABASE_URL",
            or: "DATABASE_URL",
            "say where PostgreSQL is, for example postgres://tenure@db.example.com/tenure"
        )
        Self.check(databaseURL, as: "TENURE_DATABASE_URL", &reader)
        let session = reader.text("TENURE_SESSION_DATABASE_URL")
        session.map { Self.check($0, as: "TENURE_SESSION_DATABASE_URL", &reader) }
        sessionDatabaseURL = session ?? databaseURL
        host = reader.text("TENURE_HOST") ?? host
        port = reader.integer("TENURE_PORT", or: "PORT", in: 0...65_535) ?? port
        replicaName = reader.text("TENURE_REPLICA_NAME") ?? hostName
        capacity = reader.integer("TENURE_CAPACITY", in: 1...1_000_000) ?? capacity
        leaseTTL = reader.duration("TENURE_LEASE_TTL", in: .milliseconds(300)...(.seconds(300))) ?? leaseTTL
        heartbeatInterval =
            reader.duration("TENURE_HEARTBEAT_INTERVAL", in: .milliseconds(50)...(.seconds(60))) ?? heartbeatInterval
        if leaseTTL < heartbeatInterval * 3 {
            reader.problem("TENURE_LEASE_TTL", "must be at least three times TENURE_HEARTBEAT_INTERVAL")
        }
        drainTimeout =
            reader.duration("TENURE_DRAIN_TIMEOUT", in: .milliseconds(100)...(.seconds(3_600))) ?? drainTimeout
        drainLinger = reader.duration("TENURE_DRAIN_LINGER", in: .zero...(.seconds(600))) ?? drainLinger
        if drainLinger >= drainTimeout {
            reader.problem("TENURE_DRAIN_LINGER", "must be shorter than TENURE_DRAIN_TIMEOUT, which ends everything")
        }
        if let crashes = reader.integer("TENURE_SUSPECT_AFTER", in: 0...1_000) {
            trials = crashes == 0 ? .never : TrialPolicy(after: crashes)
        }
        standbyMarkets = reader.integer("TENURE_STANDBY_MARKETS", in: 0...100_000) ?? standbyMarkets
        defaultExchange = reader.choice("TENURE_DEFAULT_EXCHANGE", of: ["binance"]) ?? defaultExchange
        binance.restURL = reader.url("TENURE_BINANCE_REST_URL", schemes: ["https", "http"]) ?? binance.restURL
        binance.streamURL = reader.url("TENURE_BINANCE_STREAM_URL", schemes: ["wss", "ws"]) ?? binance.streamURL
        readTrading(&reader)
        defaultLimits = RiskLimits(
            orderValue: reader.amount("TENURE_LIMIT_ORDER_VALUE"),
            positionValue: reader.amount("TENURE_LIMIT_POSITION_VALUE"),
            dailyLoss: reader.amount("TENURE_LIMIT_DAILY_LOSS"),
            ordersPerMinute: reader.integer("TENURE_LIMIT_ORDERS_PER_MINUTE", in: 1...6_000)
        )
        webhook = Self.webhook(&reader)
        readListener(&reader)
        if let level = reader.choice("TENURE_LOG_LEVEL", of: Logger.Level.allCases.map(\.rawValue)) {
            log.level = Logger.Level(rawValue: level) ?? log.level
        }
        if let format = reader.choice("TENURE_LOG_FORMAT", of: LogFormat.allCases.map(\.rawValue)) {
            log.format = LogFormat(rawValue: format) ?? log.format
        }
        if let text = reader.text("TENURE_API_TOKENS") {
            do {
                accessTokens = try AccessTokens(text)
            } catch {
                for problem in error.problems { reader.problem("TENURE_API_TOKENS", problem) }
            }
            accessTokensFile = reader.source.values["TENURE_API_TOKENS_FILE"]
        } else if !["127.0.0.1", "::1", "localhost"].contains(host) {
            reader.problem(
                "TENURE_HOST",
                "whoever reaches it could trade: set TENURE_API_TOKENS (`tenure token create` makes one) to listen on "
                    + "\(host), or use 127.0.0.1"
            )
        }
        reader.rejectUnknown(prefix: "TENURE_")
    }

    private static func check(_ connectionString: String, as name: String, _ reader: inout SettingsReader) {
        do {
            try PostgresConfiguration(connectionString: connectionString).validate()
        } catch {
            reader.problem(name, error.message)
        }
    }

    private static func webhook(_ reader: inout SettingsReader) -> WebhookConfiguration? {
        let name = "TENURE_WEBHOOK_SECRET"
        let url = reader.url("TENURE_WEBHOOK_URL", schemes: ["https", "http"])
        let text = reader.text(name)
        guard let url else {
            if text != nil { reader.problem(name, "is set without TENURE_WEBHOOK_URL: set both, or neither") }
            return nil
        }
        let hint = "`echo \"whsec_$(openssl rand -base64 32)\"` makes one; the receiver checks signatures with it"
        guard let text else {
            reader.problem("TENURE_WEBHOOK_URL", "needs \(name): \(hint)")
            return nil
        }
        guard let secret = WebhookSecret(text) else {
            reader.problem(name, "must be whsec_ and the base64 of 24 to 64 bytes: \(hint)")
            return nil
        }
        return WebhookConfiguration(url: url, secret: secret)
    }

    private mutating func readListener(_ reader: inout SettingsReader) {
        if let limit = reader.integer("TENURE_RATE_LIMIT", in: 0...1_000_000) { rateLimit = limit == 0 ? nil : limit }
        connectionLimit = reader.integer("TENURE_CONNECTION_LIMIT", in: 16...1_000_000)
        if let proxies = reader.text("TENURE_TRUSTED_PROXIES") {
            trustedProxies = Set(proxies.split { $0 == "," || $0.isWhitespace }.map(String.init))
        }
        let names = ("TENURE_TLS_CERTIFICATE", "TENURE_TLS_KEY")
        switch (reader.text(names.0), reader.text(names.1)) {
        case (let chain?, let key?):
            do {
                certificate = try ListenerCertificate(chain: chain, key: key)
            } catch {
                reader.problem("\(names.0), \(names.1)", "\(error)")
            }
            let values = reader.source.values
            if let chain = values["\(names.0)_FILE"], let key = values["\(names.1)_FILE"] {
                certificateFiles = (chain, key)
            }
        case (.some, nil): reader.problem(names.0, "is set without \(names.1): set both, or neither")
        case (nil, .some): reader.problem(names.1, "is set without \(names.0): set both, or neither")
        case (nil, nil): break
        }
    }

    private mutating func readTrading(_ reader: inout SettingsReader) {
        binance.accountStreamURL =
            reader.url("TENURE_BINANCE_ACCOUNT_STREAM_URL", schemes: ["wss", "ws"]) ?? binance.accountStreamURL
        binance.clockLifetime =
            reader.duration("TENURE_BINANCE_CLOCK_LIFETIME", in: .zero...(.seconds(600))) ?? binance.clockLifetime
        binance.weightPerMinute =
            reader.integer("TENURE_BINANCE_WEIGHT_PER_MINUTE", in: 100...100_000_000) ?? binance.weightPerMinute
        address = reader.text("TENURE_BINANCE_ADDRESS") ?? address
        receiveWindow =
            reader.duration("TENURE_BINANCE_RECEIVE_WINDOW", in: .milliseconds(100)...(.seconds(60))) ?? receiveWindow
        settlingMargin =
            reader.duration("TENURE_BINANCE_SETTLING_MARGIN", in: .zero...(.seconds(600))) ?? settlingMargin
        allowsLive = reader.boolean("TENURE_ALLOW_LIVE") ?? allowsLive
        let names = ("TENURE_BINANCE_API_KEY", "TENURE_BINANCE_API_SECRET")
        switch (reader.text(names.0), reader.text(names.1)) {
        case (let key?, let secret?):
            do throws(ExchangeError) {
                let credentials = try BinanceCredentials(apiKey: key, apiSecret: secret)
                // Without leave to trade, nothing is asked of the account either.
                if allowsLive { binance.credentials = credentials }
            } catch {
                reader.problem("\(names.0), \(names.1)", error.message)
            }
        case (.some, nil): reader.problem(names.0, "is set without \(names.1): set both, or neither")
        case (nil, .some): reader.problem(names.1, "is set without \(names.0): set both, or neither")
        case (nil, nil):
            if allowsLive {
                reader.problem("TENURE_ALLOW_LIVE", "needs an account: set \(names.0) and \(names.1), or remove it")
            }
        }
    }
}

/// Every setting that is wrong, each with what would be right.
struct SettingsError: Error, CustomStringConvertible {
    let problems: [String]

    var description: String {
        "These settings are wrong:\n" + problems.map { "  \($0)" }.joined(separator: "\n")
    }
}
