import LocalCluster
import Postgres
import TestSupport
import Testing

/// Many callers, and a server to which everything happens: ten minutes of it with `TENURE_LONG=1`, else some seconds.
/// `TENURE_SOAK_SEED` repeats what the callers and the faults of a run did; what falls together is left to chance.
@Suite(.timeLimit(.minutes(15)))
struct SoakTests {
    @Test func `under random faults every caller gets its own answer or a true reason, and nothing is left behind`()
        async throws
    {
        let environment = ProcessEnvironment.current
        let isLong = environment["TENURE_LONG"] == "1"
        let seed = environment["TENURE_SOAK_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1...999_999)
        try await withPrivateServer(isDurable: false, settings: ["synchronous_commit": "on"]) { server in
            let direct = patient(server.connectionString(user: "postgres"), applicationName: "observer")
            try await withPool(direct, size: 1, acquireTimeout: .seconds(60)) { observer in
                let soak = Soak(server: server, observer: observer, seed: seed)
                let outcome = try await soak.run(for: isLong ? .seconds(600) : .seconds(3))
                try await soak.checkMarks()
                try await soak.waitUntilGone()
                let growth = outcome.memory - outcome.earlyMemory
                // Beside other tests, in the short run, memory says nothing.
                if isLong { #expect(growth < 50_000_000, "seed \(seed): memory grew by \(growth) bytes") }
                print("Soak \(seed): \(soak.ledger.summary); memory grew by \(growth) bytes")
            }
        }
    }
}
