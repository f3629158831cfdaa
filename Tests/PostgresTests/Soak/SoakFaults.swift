import Glibc
import LocalCluster
import Postgres
import TestSupport

/// What happens to the server of a soak, and to the way there.
struct SoakFaults {
    enum Kind: CaseIterable {
        case terminateBackend
        case cancelBackend
        case stopBackend
        /// The server throws all others out, too, and recovers.
        case killBackend
        case restart
        case crash
        case cutNetwork
        case stallNetwork
    }

    let server: PostgresServer
    let proxy: StallingProxy
    /// Goes past the proxy.
    let observer: PostgresPool
    var random: SeededGenerator

    /// Each kind at least once, small ones oftener.
    mutating func run(until end: ContinuousClock.Instant, count: () -> Void) async throws {
        let small: [Kind] = [
            .terminateBackend, .terminateBackend, .cancelBackend, .cancelBackend, .stopBackend, .cutNetwork,
        ]
        repeat {
            for kind in (Kind.allCases + small).shuffled(using: &random) {
                // Faults fall at random moments; nothing is waited for.
                try await Task.sleep(for: moment(upTo: 400))
                do {
                    try await perform(kind)
                } catch is PostgresError {
                    // The observer's connection goes with the server's.
                }
                count()
            }
        } while .now < end
    }

    private mutating func moment(upTo milliseconds: Int) -> Duration {
        .milliseconds(Int.random(in: 1...milliseconds, using: &random))
    }

    private mutating func perform(_ kind: Kind) async throws {
        switch kind {
        case .terminateBackend: try await strike("pg_terminate_backend")
        case .cancelBackend: try await strike("pg_cancel_backend")
        case .stopBackend:
            guard let pid = try await victim() else { return }
            kill(pid, SIGSTOP)
            defer { kill(pid, SIGCONT) }
            try await Task.sleep(for: moment(upTo: 300))
        case .killBackend:
            guard let pid = try await victim() else { return }
            kill(pid, SIGKILL)
        case .restart: try await server.restart(.fast)
        case .crash: try await server.restart(.immediate)
        case .cutNetwork: proxy.cut()
        case .stallNetwork:
            proxy.stall()
            try await Task.sleep(for: moment(upTo: 1000))
            // What was lost does not come back, and the server does not know.
            proxy.cut()
            proxy.resume()
        }
    }

    private mutating func victim() async throws -> pid_t? {
        let rows = try await observer.query(
            "SELECT pid FROM pg_stat_activity WHERE application_name = \(Soak.name) ORDER BY pid",
            timeout: .seconds(30)
        )
        return try rows.map { try $0.decode(Int32.self) }.randomElement(using: &random)
    }

    private mutating func strike(_ function: String) async throws {
        guard let pid = try await victim() else { return }
        try await observer.query("SELECT \(raw: function)(\(pid))", timeout: .seconds(30))
    }
}
