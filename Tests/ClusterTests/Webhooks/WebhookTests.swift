import Crypto
import FoundationEssentials
import Hummingbird
import LocalCluster
import Postgres
import Synchronization
import TestSupport
import Testing
import Trading

@testable import Webhooks

/// Notifications to a real receiver, from a real database.
@Suite(.timeLimit(.minutes(5)))
struct WebhookTests {
    @Test("what people want to know is delivered in order and signed; what happened before, or all the time, is not")
    func delivery() async throws {
        try await run { fixture, receiver in
            try await fixture.record(
                "started",
                "fenced",
                "order",
                "failed",
                "fill",
                "halted",
                "limit_reached",
                "change_refused",
                "stopped"
            )
            try await eventually("five deliveries") { receiver.deliveries.count >= 5 }
            // Something after them, so that whatever else there might be would have come before.
            try await fixture.record("quarantined")
            try await eventually("the last") { receiver.deliveries.last?.kind == "quarantined" }
            let deliveries = receiver.deliveries
            let kinds = ["fenced", "failed", "halted", "limit_reached", "change_refused", "quarantined"]
            #expect(deliveries.compactMap(\.kind) == kinds)
            #expect(deliveries.allSatisfy { $0.isSignatureRight })
            #expect(Set(deliveries.map(\.id)).count == kinds.count)
            let event = try #require(try JSONValue(text: deliveries[1].body)["data"])
            #expect(event["kind"]?.string == "failed" && event["details"]?["n"]?.string == "failed")
            let rows = try await fixture.pool.query(
                """
                SELECT 1 FROM tenure.events WHERE kind = 'failed'
                    AND id || '-' || floor(extract(epoch FROM at) * 1000)::bigint = \(deliveries[1].id)
                """
            )
            #expect(!rows.isEmpty)
        }
    }

    @Test("a receiver that fails, sends elsewhere, or does not answer gets it again, under the same id")
    func repetition() async throws {
        let answers: @Sendable (Int, WebhookReceiver.Delivery) async -> HTTPResponse.Status = { earlier, _ in
            switch earlier {
            case 0: return .internalServerError
            case 1: return .movedPermanently
            case 2:
                // Until the sender hangs up.
                try? await Task.sleep(for: .seconds(600))
                return .ok
            default: return .noContent
            }
        }
        try await run(answer: answers) { fixture, receiver in
            try await fixture.record("failed", "halted")
            try await eventually("the second one") { receiver.deliveries.last?.kind == "halted" }
            let failed = receiver.deliveries.filter { $0.kind == "failed" }
            #expect(failed.count >= 4)
            #expect(Set(failed.map(\.id)).count == 1)
            #expect(failed.allSatisfy { $0.isSignatureRight })
        }
    }

    @Test("one replica sends at a time; another one goes on where it was, and nothing is lost")
    func succession() async throws {
        try await WebhookReceiver.with(answer: { _, delivery in
            // The first one never gets this one delivered.
            delivery.path == "/hook/a" && delivery.kind == "quarantined" ? .badGateway : .ok
        }) { receiver, url in
            try await WebhookFixture.with { fixture in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await fixture.send(as: "a", to: url + "a") }
                    group.addTask { try await fixture.send(as: "b", to: url + "b") }
                    try await fixture.waitUntilBegun()
                    try await fixture.record("failed", "halted", "quarantined", "unhalted")
                    try await eventually("attempts at the third") { receiver.deliveries.count >= 4 }
                    #expect(receiver.deliveries.allSatisfy { $0.path == "/hook/a" })
                    try await fixture.giveTurn(to: 2)
                    try await eventually("the last one") { receiver.deliveries.last?.kind == "unhalted" }
                    group.cancelAll()
                }
                let second = receiver.deliveries.filter { $0.path == "/hook/b" }
                #expect(second.compactMap(\.kind) == ["quarantined", "unhalted"])
                let begun = try #require(receiver.deliveries.firstIndex { $0.path == "/hook/b" })
                // An attempt of the first one may have been on its way, and no more than that.
                #expect(receiver.deliveries[begun...].count { $0.path == "/hook/a" } <= 1)
                #expect(second[0].id == receiver.deliveries[2].id)
            }
        }
    }

    @Test("an event that appears late, behind a newer one, is delivered before it")
    func lateEvent() async throws {
        try await run { fixture, receiver in
            try await fixture.pool.withTransaction { transaction in
                try await fixture.record("failed", on: transaction)
                try await fixture.record("halted")
            }
            try await eventually("both") { receiver.deliveries.count >= 2 }
            #expect(receiver.deliveries.compactMap(\.kind) == ["failed", "halted"])
        }
    }

    @Test("what is too old to be news is left out")
    func givingUp() async throws {
        try await run { fixture, receiver in
            try await fixture.pool.query(
                "INSERT INTO tenure.events (kind, at) VALUES ('failed', clock_timestamp() - interval '2 hours')"
            )
            try await fixture.record("halted")
            try await eventually("the new one") { !receiver.deliveries.isEmpty }
            #expect(receiver.deliveries.compactMap(\.kind) == ["halted"])
        }
    }

    @Test("signatures are those of the Standard Webhooks specification")
    func specification() throws {
        let secret = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let signature = secret.signature(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            seconds: 1_614_265_330,
            body: #"{"test": 2432232314}"#
        )
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        #expect(WebhookSecret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") == nil)
        #expect(WebhookSecret("whsec_c2hvcnQ=") == nil)
        #expect(WebhookSecret("whsec_***") == nil)
    }

    @Test("when replicas die, the sender among them, every failover is told of by whoever is left")
    func failover() async throws {
        try await WebhookReceiver.with { receiver, url in
            let settings = ["TENURE_WEBHOOK_URL": url, "TENURE_WEBHOOK_SECRET": WebhookFixture.secret]
            try await withCluster(environment: settings) { cluster in
                try await cluster.start("BTCUSDT", "1s")
                try await eventually("a place to begin") {
                    try await cluster.sql("SELECT position IS NOT NULL FROM tenure.webhook_cursor") == "t"
                }
                let sender = try await cluster.sql(
                    "SELECT r.name FROM tenure.shards s JOIN tenure.replicas r ON r.id = s.owner WHERE s.id = 0"
                )
                let victim = try #require(cluster.cluster.replicas.first { $0.name == sender })
                victim.signal(.kill)
                try await eventually("word of it") { receiver.deliveries.contains { $0.kind == "fenced" } }
                let delivery = try #require(receiver.deliveries.first { $0.kind == "fenced" })
                let details = try JSONValue(text: delivery.body)["data"]?["details"]
                #expect(details?["name"]?.string == sender && details?["reason"]?.string == "session lost")
                #expect(receiver.deliveries.allSatisfy { $0.isSignatureRight })
                // Whoever sent it counts it.
                try await eventually("the count") {
                    var counts: [String] = []
                    for replica in cluster.cluster.replicas where replica.name != sender {
                        counts.append(try await cluster.get("/metrics", from: replica).body.string ?? "")
                    }
                    return counts.contains { $0.contains(#"tenure_webhook_deliveries_total{result="delivered"} 1"#) }
                }
            }
        }
    }

    /// With a replica that sends to a receiver, and an event that happened before.
    private func run(
        answer: @escaping @Sendable (Int, WebhookReceiver.Delivery) async -> HTTPResponse.Status = { _, _ in .ok },
        _ body: @escaping @Sendable (WebhookFixture, WebhookReceiver) async throws -> Void
    ) async throws {
        try await WebhookReceiver.with(answer: answer) { receiver, url in
            try await WebhookFixture.with { fixture in
                try await fixture.record("failed")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await fixture.send(as: "a", to: url) }
                    try await fixture.waitUntilBegun()
                    try await body(fixture, receiver)
                    group.cancelAll()
                }
            }
        }
    }
}
