import LocalCluster
import Postgres
import TestSupport
import Testing

@testable import Coordination

/// The database goes, and comes back.
@Suite(.timeLimit(.minutes(5)))
struct DatabaseRestartTests {
    @Test(arguments: [PostgresServer.StopMode.fast, .immediate])
    func `a restart moves nothing, whether it is short or outlasts the leases`(_ mode: PostgresServer.StopMode)
        async throws
    {
        try await ServiceFixture.withServer { cluster, server in
            try await cluster.withReplicas(["a", "b", "c"], lease: ServiceFixture.shortLease) { replicas in
                let owners = try await cluster.owners()
                let ids = replicas.map(\.id)
                let abandoned = replicas.map(\.host.now.abandoned.count)
                func check() async throws {
                    try await eventually("all are members, and none is suspended") {
                        replicas.allSatisfy { $0.id != nil && $0.service.isTrusted && !$0.host.now.isSuspended }
                    }
                    #expect(replicas.map(\.id) == ids)
                    #expect(try await cluster.owners().symmetricDifference(owners).isEmpty)
                    let running = replicas.reduce(into: Set()) { $0.formUnion($1.host.tokens) }
                    #expect(running.symmetricDifference(owners).isEmpty)
                    #expect(replicas.map(\.host.now.abandoned.count) == abandoned)
                    #expect(try await cluster.query("SELECT FROM tenure.replicas WHERE fenced_at IS NOT NULL").isEmpty)
                }
                try await server.restart(mode)
                try await check()
                await server.stop(mode)
                try await eventually("they suspend themselves") { replicas.allSatisfy(\.host.now.isSuspended) }
                #expect(replicas.allSatisfy { !$0.service.isTrusted })
                // Until every lease is over by the server's clock, too.
                try await Task.sleep(for: .milliseconds(500))
                try await server.start()
                try await check()
                // Long enough for a wrong verdict: a session that has been up for one TTL may judge.
                try await Task.sleep(for: ServiceFixture.shortLease.ttl + .milliseconds(500))
                try await check()
            }
        }
    }
}
