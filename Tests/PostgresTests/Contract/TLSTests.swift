import LocalCluster
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct TLSTests {
    /// A certificate authority of one's own, a certificate of it for `localhost`, and another authority.
    private func makeCertificates(in directory: String) async throws {
        func openssl(_ arguments: String) async throws {
            try await ChildProcess.runSuccessfully(
                "openssl",
                arguments.split(separator: " ").map(String.init),
                workingDirectory: directory
            )
        }
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        for authority in ["ca", "other"] {
            try await openssl("req -x509 \(key) -subj /CN=\(authority) -keyout \(authority).key -out \(authority).crt")
        }
        try await openssl(
            "req \(key) -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout server.key -out server.csr"
        )
        try await openssl(
            "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -copy_extensions copy -days 2 -out server.crt"
        )
        // The server insists that only its own account can read it.
        if ProcessEnvironment.isRoot {
            try await ChildProcess.runSuccessfully("chown", ["postgres", "\(directory)/server.key"])
        }
        try await ChildProcess.runSuccessfully("chmod", ["600", "\(directory)/server.key"])
        try await ChildProcess.runSuccessfully("chmod", ["644", "\(directory)/server.crt"])
    }

    @Test func `TLS is verified against the root certificate that is given`() async throws {
        let directory = try TemporaryDirectory.create(prefix: "tenure-tls")
        defer { TemporaryDirectory.remove(directory) }
        try TemporaryDirectory.openToServers(directory)
        try await makeCertificates(in: directory)
        let settings = [
            "ssl": "on", "ssl_cert_file": "\(directory)/server.crt", "ssl_key_file": "\(directory)/server.key",
        ]
        try await withPrivateServer(isDurable: false, settings: settings) { server in
            func configuration(host: String = "localhost", authority: String) -> PostgresConfiguration {
                patient(
                    """
                    host=\(host) hostaddr=127.0.0.1 port=\(server.port) user=tenure dbname=tenure \
                    sslmode=verify-full sslrootcert=\(directory)/\(authority).crt
                    """
                )
            }
            try await withPool(configuration(authority: "ca"), size: 1) { pool in
                let isEncrypted = try await pool.query(
                    "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
                )[0]
                .decode(Bool.self)
                #expect(isEncrypted)
                // Answers of many records, and many at once.
                try await withThrowingTaskGroup { group in
                    for task in 0..<16 {
                        let length = task * 40_000
                        group.addTask {
                            let text = try await pool.query("SELECT repeat('x', \(Int32(length)))")[0].decode(
                                String.self
                            )
                            #expect(text.utf8.count == length)
                        }
                    }
                    try await group.waitForAll()
                }
            }
            let stranger = await #expect(throws: PostgresError.self) {
                try await PostgresConnection.connect(configuration(authority: "other"), logger: quiet)
            }
            #expect(stranger?.code == .connection && stranger?.message.contains("certificate") == true)
            let impostor = await #expect(throws: PostgresError.self) {
                try await PostgresConnection.connect(configuration(host: "elsewhere", authority: "ca"), logger: quiet)
            }
            #expect(impostor?.code == .connection && impostor?.message.contains("elsewhere") == true)
        }
    }
}
