import CLibPQ
import Glibc
import LocalCluster
import TestSupport
import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(5)))
struct ConnectingTests {
    @Test func `a host that cannot be written to is passed over, unless the user says otherwise`() async throws {
        let writable = try await TestServer.shared
        try await withPrivateServer(isDurable: false) { readOnly in
            try await readOnly.query("ALTER DATABASE tenure SET default_transaction_read_only = on")
            let hosts = "postgresql://tenure@127.0.0.1:\(readOnly.port),127.0.0.1:\(writable.port)/tenure"
            let chosen = try await portOfServer(hosts)
            #expect(chosen == writable.port)
            let first = try await portOfServer(hosts + "?target_session_attrs=any")
            #expect(first == readOnly.port)
        }
    }

    private func portOfServer(_ url: String) async throws -> Int {
        let connection = try await PostgresConnection.connect(patient(url), logger: quiet)
        let port = try await connection.query("SELECT current_setting('port')::int")[0].decode(Int.self)
        await connection.close()
        return port
    }

    @Test func `what is to be heard of first has a higher descriptor than what is opened after it`() async throws {
        let url = try await TestServer.shared.connectionString()
        var configuration = patient(url)
        configuration.isHeardFirst = true
        let first = try await Connector.open(configuration).connection
        defer { PQfinish(first) }
        let later = try await Connector.open(patient(url)).connection
        defer { PQfinish(later) }
        #expect(PQsocket(first) > PQsocket(later))
    }

    @Test func `the socket notices a dead peer in seconds, the user's own limits win`() async throws {
        let url = try await TestServer.shared.connectionString()
        let defaults = try await limits(url)
        #expect(defaults == ["keepalive": 1, "idle": 5, "interval": 1, "count": 3, "unanswered": 3000])
        let own = try await limits(url + "?keepalives_idle=60&tcp_user_timeout=9000")
        #expect(own == ["keepalive": 1, "idle": 60, "interval": 1, "count": 3, "unanswered": 9000])
    }

    private func limits(_ url: String) async throws -> [String: Int32] {
        let connection = try await Connector.open(patient(url)).connection
        defer { PQfinish(connection) }
        func option(_ level: Int32, _ name: Int32) -> Int32 {
            var value: Int32 = -1
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(PQsocket(connection), level, name, &value, &size)
            return value
        }
        let tcp = Int32(IPPROTO_TCP)
        return [
            "keepalive": option(SOL_SOCKET, SO_KEEPALIVE), "idle": option(tcp, TCP_KEEPIDLE),
            "interval": option(tcp, TCP_KEEPINTVL), "count": option(tcp, TCP_KEEPCNT),
            "unanswered": option(tcp, TCP_USER_TIMEOUT),
        ]
    }
}
