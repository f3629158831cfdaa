import Exchanges
import Foundation
import HTTPAPI
import Hosting
import Testing
import Trading
import Webhooks

@testable import tenure

/// Settings are read as a whole, and everything that is wrong is said at once.
struct SettingsTests {
    private static let database = ["TENURE_DATABASE_URL": "postgres://db.example.com/tenure"]

    private func settings(_ environment: [String: String]) throws -> Settings {
        try Settings(SettingsSource(environment: environment), hostName: "host-1")
    }

    private func problems(_ environment: [String: String]) -> [String] {
        do {
            _ = try settings(environment)
            return []
        } catch let error as SettingsError {
            return error.problems
        } catch {
            return ["\(error)"]
        }
    }

    @Test("the database is all that must be set")
    func defaults() throws {
        let settings = try settings(Self.database)
        #expect(settings.sessionDatabaseURL == settings.databaseURL)
        #expect(settings.host == "127.0.0.1")
        #expect(settings.port == 8080)
        #expect(settings.replicaName == "host-1")
        #expect(settings.leaseTTL == .seconds(3))
        #expect(settings.heartbeatInterval == .milliseconds(500))
        #expect(settings.capacity == 10_000)
        #expect(settings.trials == .standard)
        #expect(settings.drainTimeout == .seconds(30))
        #expect(settings.drainLinger == .seconds(2))
    }

    @Test("limits are amounts above zero, and there are none unless they are set")
    func limits() throws {
        #expect(try settings(Self.database).defaultLimits == .none)
        let names = ["ORDER_VALUE": "100.5", "POSITION_VALUE": "500", "DAILY_LOSS": "25", "ORDERS_PER_MINUTE": "6"]
        let given = Dictionary(uniqueKeysWithValues: names.map { ("TENURE_LIMIT_\($0)", $1) })
        let expected = RiskLimits(orderValue: "100.5", positionValue: "500", dailyLoss: "25", ordersPerMinute: 6)
        #expect(try settings(Self.database.merging(given) { $1 }).defaultLimits == expected)
        #expect(problems(given.mapValues { _ in "0" }).count >= 4)
    }

    @Test("orders leave only where that is allowed and there is an account")
    func live() throws {
        let account = ["TENURE_BINANCE_API_KEY": "key", "TENURE_BINANCE_API_SECRET": "secret"]
        let known = try settings(Self.database.merging(account) { $1 })
        #expect(!known.allowsLive)
        #expect(known.binance.credentials == nil)
        let allowed = try settings(Self.database.merging(account) { $1 }.merging(["TENURE_ALLOW_LIVE": "true"]) { $1 })
        #expect(allowed.allowsLive)
        #expect(allowed.binance.credentials != nil)
        #expect(allowed.receiveWindow == .seconds(5))
        #expect(allowed.settlingMargin == .seconds(30))
    }

    @Test("a webhook needs an address and a secret to sign with, each of which may stand in a file")
    func webhook() throws {
        let secret = "whsec_" + Data(count: 32).base64EncodedString()
        let url = ["TENURE_WEBHOOK_URL": "https://ops.example.com/hook"]
        #expect(try settings(Self.database).webhook == nil)
        let both = url.merging(["TENURE_WEBHOOK_SECRET": secret]) { $1 }
        #expect(try settings(Self.database.merging(both) { $1 }).webhook?.url == "https://ops.example.com/hook")
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(
            "secret-\(UInt32.random(in: .min ... .max))"
        )
        try Data("\(secret)\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let read = url.merging(["TENURE_WEBHOOK_SECRET_FILE": file.path]) { $1 }
        #expect(try settings(Self.database.merging(read) { $1 }).webhook != nil)
        for wrong in [url, ["TENURE_WEBHOOK_SECRET": secret], url.merging(["TENURE_WEBHOOK_SECRET": "secret"]) { $1 }] {
            let problems = problems(Self.database.merging(wrong) { $1 })
            #expect(problems.count == 1 && problems[0].hasPrefix("TENURE_WEBHOOK_"), "\(problems)")
        }
        let ftp = problems(Self.database.merging(["TENURE_WEBHOOK_URL": "ftp://x"]) { $1 })
        #expect(ftp.first?.hasPrefix("TENURE_WEBHOOK_URL") == true)
    }

    @Test("strategies are suspected after as many crashes as set, and never with 0")
    func trials() throws {
        func trials(_ value: String) throws -> TrialPolicy {
            try settings(Self.database.merging(["TENURE_SUSPECT_AFTER": value]) { $1 }).trials
        }
        #expect(try trials("5") == TrialPolicy(after: 5))
        #expect(try trials("0") == .never)
    }

    @Test("the platforms' own names count where ours are not set")
    func platformNames() throws {
        let settings = try settings(["DATABASE_URL": "postgres://a/b", "PORT": "3000"])
        #expect(settings.databaseURL == "postgres://a/b")
        #expect(settings.port == 3_000)
        let both = try self.settings(
            ["DATABASE_URL": "postgres://a/b", "PORT": "3000", "TENURE_PORT": "4000"].merging(Self.database) { $1 }
        )
        #expect(both.databaseURL == Self.database["TENURE_DATABASE_URL"])
        #expect(both.port == 4_000)
    }

    @Test(
        "a wrong value is refused by name",
        arguments: [
            ("TENURE_PORT", "70000"), ("TENURE_PORT", "http"), ("TENURE_CAPACITY", "0"), ("TENURE_LEASE_TTL", "3"),
            ("TENURE_LEASE_TTL", "1s"), ("TENURE_HEARTBEAT_INTERVAL", "-1s"), ("TENURE_LOG_LEVEL", "loud"),
            ("TENURE_LOG_FORMAT", "xml"), ("TENURE_BINANCE_REST_URL", "ftp://example.com"),
            ("TENURE_BINANCE_STREAM_URL", "https://example.com"), ("TENURE_DEFAULT_EXCHANGE", "mtgox"),
            ("TENURE_HOST", "0.0.0.0"), ("TENURE_ALLOW_LIVE", "true"), ("TENURE_DATBASE_URL", "typo"),
            ("TENURE_DATABASE_URL_FILE", "/nonexistent"), ("TENURE_DRAIN_TIMEOUT", "0s"),
            ("TENURE_DRAIN_LINGER", "30s"), ("TENURE_SUSPECT_AFTER", "-1"), ("TENURE_STANDBY_MARKETS", "all"),
            ("TENURE_BINANCE_API_KEY", "key without a secret"), ("TENURE_BINANCE_API_SECRET", "secret without a key"),
            ("TENURE_BINANCE_RECEIVE_WINDOW", "61s"), ("TENURE_BINANCE_SETTLING_MARGIN", "soon"),
            ("TENURE_BINANCE_ACCOUNT_STREAM_URL", "https://example.com"), ("TENURE_BINANCE_CLOCK_LIFETIME", "-1s"),
            ("TENURE_BINANCE_WEIGHT_PER_MINUTE", "99"),
            ("TENURE_DATABASE_URL", "nonsense"), ("TENURE_SESSION_DATABASE_URL", "host=a nonsense"),
        ]
    )
    func wrongValues(name: String, value: String) {
        let found = problems(Self.database.merging([name: value]) { $1 })
        #expect(found.contains { $0.hasPrefix("\(name):") || $0.hasPrefix("TENURE_DATABASE_URL:") }, "\(found)")
    }

    @Test("everything that is wrong is said at once")
    func allAtOnce() {
        let found = problems(["TENURE_PORT": "x", "TENURE_CAPACITY": "y", "TENURE_LOG_LEVEL": "z"])
        #expect(found.count == 4)
        #expect(found.contains { $0.hasPrefix("TENURE_DATABASE_URL: is missing") })
    }

    @Test("a secret may stand in a file, and settings in a settings file below the environment")
    func files() throws {
        let folder =
            FileManager.default.temporaryDirectory.path + "/tenure-settings-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("postgres://secret@db/tenure\n".utf8).write(to: URL(fileURLWithPath: folder + "/url"))
        try Data("# ports\nTENURE_PORT = 9000\n\nTENURE_CAPACITY=7\n".utf8)
            .write(to: URL(fileURLWithPath: folder + "/settings"))
        let settings = try settings([
            "TENURE_DATABASE_URL_FILE": folder + "/url", "TENURE_SETTINGS_FILE": folder + "/settings",
            "TENURE_CAPACITY": "8",
        ])
        #expect(settings.databaseURL == "postgres://secret@db/tenure")
        #expect(settings.port == 9_000)
        #expect(settings.capacity == 8)

        try Data("TENURE_PORT".utf8).write(to: URL(fileURLWithPath: folder + "/broken"))
        #expect(
            problems(["TENURE_SETTINGS_FILE": folder + "/broken"]) == ["\(folder)/broken, line 1: expected NAME=value"]
        )
    }

    @Test("who may ask how often, proxies, and a certificate with its key")
    func listener() throws {
        #expect(try settings(Self.database).rateLimit == 1_000)
        let settings = try settings(
            Self.database.merging(["TENURE_RATE_LIMIT": "0", "TENURE_TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2"]) { $1 }
        )
        #expect(settings.rateLimit == nil)
        #expect(settings.trustedProxies == ["10.0.0.1", "10.0.0.2"])
        #expect(settings.certificate == nil && settings.connectionLimit == nil)
        for (wrong, hint) in [
            (["TENURE_TLS_KEY": "a"], "TENURE_TLS_CERTIFICATE"), (["TENURE_TLS_CERTIFICATE": "a"], "TENURE_TLS_KEY"),
            (["TENURE_TLS_CERTIFICATE": "a", "TENURE_TLS_KEY": "b"], "PEM"), (["TENURE_RATE_LIMIT": "-1"], "1000000"),
            (["TENURE_CONNECTION_LIMIT": "1"], "16"),
        ] {
            let found = problems(Self.database.merging(wrong) { $1 })
            #expect(found.count == 1)
            #expect(found.first?.contains(hint) == true)
        }
    }

    @Test("beyond loopback it listens only with tokens, which come from the setting or its file")
    func accessTokens() throws {
        let open = Self.database.merging(["TENURE_HOST": "0.0.0.0"]) { $1 }
        #expect(problems(open).contains { $0.hasPrefix("TENURE_HOST: ") && $0.contains("TENURE_API_TOKENS") })
        let entry = AccessToken.make(name: "alice", role: .trader, expires: nil).entry
        let settings = try settings(open.merging(["TENURE_API_TOKENS": entry]) { $1 })
        #expect(settings.accessTokens?.tokens.map(\.name) == ["alice"])
        #expect(settings.accessTokensFile == nil)
        for wrong in ["nonsense", "# nobody"] {
            let problems = problems(open.merging(["TENURE_API_TOKENS": wrong]) { $1 })
            #expect(problems.contains { $0.hasPrefix("TENURE_API_TOKENS: ") })
        }
        let file = NSTemporaryDirectory() + "tokens-\(UInt64.random(in: .min ... .max))"
        try entry.write(toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        let fromFile = try self.settings(open.merging(["TENURE_API_TOKENS_FILE": file]) { $1 })
        #expect(fromFile.accessTokens?.tokens.map(\.name) == ["alice"])
        #expect(fromFile.accessTokensFile == file)
    }
}
