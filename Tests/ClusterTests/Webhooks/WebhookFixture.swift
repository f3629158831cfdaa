import Crypto
import FoundationEssentials
import Logging
import Postgres
import TestSupport
import Trading
import Webhooks

/// A database with two replicas, of which the first one owns the first shard.
struct WebhookFixture: Sendable {
    static let key = Data((0..<32).map(UInt8.init))
    static let secret = "whsec_" + key.base64EncodedString()

    let pool: PostgresPool

    static func with(_ body: @escaping @Sendable (WebhookFixture) async throws -> Void) async throws {
        try await withTestDatabase { url in
            let pool = PostgresPool(configuration: patient(url), size: 4, logger: silent)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await pool.run() }
                for (id, name) in [(Int64(1), "a"), (2, "b")] {
                    try await pool.query(
                        """
                        INSERT INTO tenure.replicas (id, name, instance, host, pid, version, capacity, timeline,
                            lease_expires_at)
                        VALUES (\(id), \(name), \(name), 'here', 1, '1', 1, tenure.timeline(), 'infinity')
                        """
                    )
                }
                let fixture = WebhookFixture(pool: pool)
                try await fixture.giveTurn(to: 1)
                try await body(fixture)
                group.cancelAll()
            }
        }
    }

    func giveTurn(to replica: Int64) async throws {
        try await pool.query("UPDATE tenure.shards SET owner = \(replica), epoch = epoch + 1 WHERE id = 0")
    }

    /// Waits until the one whose turn it is has begun: from then on, whatever is recorded is sent.
    func waitUntilBegun() async throws {
        try await eventually("a place to begin") {
            try await !pool.query("SELECT FROM tenure.webhook_cursor WHERE position IS NOT NULL").isEmpty
        }
    }

    func record(_ kinds: String..., on executor: (any PostgresExecutor)? = nil) async throws {
        for kind in kinds {
            try await (executor ?? pool).query(
                "INSERT INTO tenure.events (kind, details) VALUES (\(kind), jsonb_build_object('n', \(kind)))"
            )
        }
    }

    /// A replica's part of it, sending to `url` until the task is cancelled.
    func send(as instance: String, to url: String, giveUpAfter: Duration = .seconds(3_600)) async throws {
        guard let secret = WebhookSecret(Self.secret) else { throw NoSecret() }
        await WebhookService(
            configuration: WebhookConfiguration(
                url: url,
                secret: secret,
                // What is slower than this is sent again, and does no harm.
                timeout: .seconds(2),
                firstPause: .milliseconds(10),
                longestPause: .milliseconds(50),
                giveUpAfter: giveUpAfter
            ),
            database: pool,
            instance: instance,
            logger: Self.silent
        ).run()
    }

    private struct NoSecret: Error {}

    private static let silent = Logger(label: "webhooks") { _ in SwiftLogNoOpLogHandler() }
}

extension WebhookReceiver.Delivery {
    var kind: String? { (try? JSONValue(text: body))?["type"]?.string }

    /// As a receiver checks it.
    var isSignatureRight: Bool {
        guard signature.hasPrefix("v1,"), let code = Data(base64Encoded: String(signature.dropFirst(3))) else {
            return false
        }
        return HMAC<SHA256>.isValidAuthenticationCode(
            code,
            authenticating: Array("\(id).\(seconds).\(body)".utf8),
            using: SymmetricKey(data: WebhookFixture.key)
        )
    }
}
