import LocalCluster
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct ListenerTests {
    private func withListener(
        _ configuration: PostgresConfiguration,
        channels: [String],
        _ body: (PostgresListener) async throws -> Void
    ) async throws {
        let listener = PostgresListener(configuration: configuration, channels: channels, logger: quiet)
        try await withThrowingTaskGroup { group in
            group.addTask { try await listener.run() }
            do {
                try await body(listener)
                group.cancelAll()
                try await group.waitForAll()
            } catch {
                group.cancelAll()
                throw error
            }
        }
    }

    private func expectConnected(_ event: PostgresNotificationEvent?) {
        guard case .connected? = event else {
            Issue.record("connected was expected, not \(String(describing: event))")
            return
        }
    }

    @Test func `every subscriber hears what is notified after connected`() async throws {
        let configuration = try await sharedConfiguration()
        try await withConnection { sender in
            let channel = "Söme \"channel\" \(sender.backendPID)"
            try await withListener(configuration, channels: [channel, "other_\(sender.backendPID)"]) { listener in
                var first = listener.events.makeAsyncIterator()
                expectConnected(await first.next())
                // Comes late, and is told that the listener is connected.
                var second = listener.subscribe().makeAsyncIterator()
                expectConnected(await second.next())
                for payload in ["", "päyload", "3"] {
                    try await sender.query("SELECT pg_notify(\(channel), \(payload))")
                }
                for expected in ["", "päyload", "3"] {
                    for event in [await first.next(), await second.next()] {
                        guard case .notification(let name, let payload, let pid)? = event else {
                            Issue.record("a notification was expected, not \(String(describing: event))")
                            return
                        }
                        #expect(name == channel && payload == expected && pid == sender.backendPID)
                    }
                }
            }
        }
    }

    @Test func `it lends its connection, and refuses at once where there is none`() async throws {
        try await withListener(try await sharedConfiguration(), channels: ["x"]) { listener in
            var events = listener.subscribe().makeAsyncIterator()
            expectConnected(await events.next())
            let pid = try await listener.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
            #expect(try await listener.query("SELECT pg_listening_channels()")[0].decode(String.self) == "x")
            try await listener.query("NOTIFY x, 'own'")
            guard case .notification(_, "own", pid)? = await events.next() else {
                Issue.record("its own notification was expected")
                return
            }
            await #expect(throws: PostgresError.self) {
                try await listener.query("SELECT pg_terminate_backend(\(pid))")
            }
            guard case .lost? = await events.next() else {
                Issue.record("lost was expected")
                return
            }
            expectConnected(await events.next())
            #expect(try await listener.query("SELECT pg_backend_pid()")[0].decode(Int32.self) != pid)
        }
        let idle = PostgresListener(configuration: try await sharedConfiguration(), channels: ["x"], logger: quiet)
        let error = await #expect(throws: PostgresError.self) { try await idle.query("SELECT 1") }
        #expect(error?.code == .closed && error?.mayHaveBeenApplied == false)
    }

    @Test func `a lost connection is told, and that it is back`() async throws {
        let server = try await TestServer.shared
        let name = "listener-to-lose"
        let configuration = patient(server.connectionString(), applicationName: name)
        try await withConnection { sender in
            let channel = "lost_\(sender.backendPID)"
            try await withListener(configuration, channels: [channel]) { listener in
                var events = listener.subscribe().makeAsyncIterator()
                expectConnected(await events.next())
                for _ in 0..<2 {
                    try await sender.query(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = \(name)"
                    )
                    guard case .lost(let error)? = await events.next() else {
                        Issue.record("lost was expected")
                        return
                    }
                    #expect(error.sqlState == "57P01")
                    expectConnected(await events.next())
                }
                try await sender.query("SELECT pg_notify(\(channel), 'again')")
                guard case .notification(_, "again", _)? = await events.next() else {
                    Issue.record("a notification was expected")
                    return
                }
            }
        }
    }

    @Test func `a subscriber that is too slow is told that it missed something`() async throws {
        let configuration = try await sharedConfiguration()
        try await withConnection { sender in
            let channel = "slow_\(sender.backendPID)"
            try await withListener(configuration, channels: [channel]) { listener in
                var slow = listener.subscribe(capacity: 10).makeAsyncIterator()
                var fast = listener.subscribe(capacity: 100_000).makeAsyncIterator()
                expectConnected(await fast.next())
                try await sender.query("SELECT pg_notify(\(channel), n::text) FROM generate_series(1, 1000) AS n")
                var last = ""
                while last != "1000", case .notification(_, let payload, _)? = await fast.next() { last = payload }
                #expect(last == "1000")
                guard case .lost? = await slow.next() else {
                    Issue.record("lost was expected")
                    return
                }
                expectConnected(await slow.next())
            }
        }
    }

    @Test func `subscriptions end with the listener, and a cancelled consumer goes alone`() async throws {
        let listener = PostgresListener(configuration: try await sharedConfiguration(), channels: ["x"], logger: quiet)
        let runner = Task { try await listener.run() }
        let events = listener.subscribe()
        let consumer = Task {
            var count = 0
            for await _ in events { count += 1 }
            return count
        }
        var other = listener.subscribe().makeAsyncIterator()
        expectConnected(await other.next())
        let impatient = Task { [events = listener.subscribe()] in
            for await event in events {
                if case .lost = event { break }
            }
        }
        impatient.cancel()
        await impatient.value
        runner.cancel()
        try await runner.value
        #expect(await consumer.value == 1)
        #expect(await other.next() == nil)
        var late = listener.subscribe().makeAsyncIterator()
        #expect(await late.next() == nil)
    }

    @Test func `a server that cannot be reached is told once`() async throws {
        let nowhere = PostgresConfiguration(connectionString: "postgresql://127.0.0.1:1/x")
        let listener = PostgresListener(configuration: nowhere, channels: ["x"], logger: quiet)
        var events = listener.subscribe().makeAsyncIterator()
        let runner = Task { try await listener.run() }
        guard case .lost(let error)? = await events.next() else {
            Issue.record("lost was expected")
            return
        }
        #expect(error.code == .connection)
        runner.cancel()
        try await runner.value
        #expect(await events.next() == nil)
    }
}
