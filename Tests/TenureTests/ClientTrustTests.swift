import ArgumentParser
import FoundationEssentials
import LocalCluster
import TestSupport
import Testing

@testable import tenure

@Suite("Commands and certificates", .timeLimit(.minutes(2)))
struct ClientTrustTests {
    @Test("a cluster is asked whose certificate is trusted by name, and no other")
    func trust() async throws {
        let directory = try TemporaryDirectory.create(prefix: "tenure-trust")
        defer { TemporaryDirectory.remove(directory) }
        for name in ["own", "other"] {
            let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=\(name)"
            let arguments = "req -x509 \(key) -addext subjectAltName=DNS:localhost -keyout \(name).key -out \(name).crt"
            try await ChildProcess.runSuccessfully(
                "openssl",
                arguments.split(separator: " ").map(String.init),
                workingDirectory: directory
            )
        }
        try "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{\"items\":[]}".write(
            toFile: "\(directory)/answer",
            atomically: true,
            encoding: .utf8
        )
        let port = try LoopbackPort.free()
        let server = try ChildProcess(
            ChildProcessConfiguration(
                program: "openssl",
                arguments: [
                    "s_server", "-accept", "127.0.0.1:\(port)", "-cert", "own.crt", "-key", "own.key", "-HTTP",
                    "-quiet",
                ],
                workingDirectory: directory
            )
        )
        defer { server.signal(.kill) }
        try await eventually("the server") { LoopbackPort.accepts(port) }
        func ask(trusting name: String?) async throws -> Bool {
            let options = try ClientOptions.parse(
                ["--url", "https://localhost:\(port)"] + (name.map { ["--ca-file", "\(directory)/\($0)"] } ?? [])
            )
            let client = try options.client()
            // Commands that fail say why and end; here that is all there is to see.
            do {
                _ = try await client.get("/answer")
                return true
            } catch { return false }
        }
        #expect(try await ask(trusting: "own.crt"))
        #expect(try await !ask(trusting: "other.crt"))
        #expect(try await !ask(trusting: nil))
        for wrong in ["nothing.crt", "own.key"] {
            await #expect(throws: (any Error).self) { try await ask(trusting: wrong) }
        }
    }
}
