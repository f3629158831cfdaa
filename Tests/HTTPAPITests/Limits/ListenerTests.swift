import FoundationEssentials
import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import LocalCluster
import Logging
import TestSupport
import Testing

/// The listener as others' clients see it: curl, openssl.
@Suite("The listener", .timeLimit(.minutes(5)))
struct ListenerTests {
    /// A certificate for `localhost` that is its own authority: its text, its key's, and its file.
    private static func certificate(_ name: String, in directory: String) async throws -> (
        chain: String, key: String, file: String
    ) {
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=\(name)"
        let arguments = "req -x509 \(key) -addext subjectAltName=DNS:localhost -keyout \(name).key -out \(name).crt"
        try await ChildProcess.runSuccessfully(
            "openssl",
            arguments.split(separator: " ").map(String.init),
            workingDirectory: directory
        )
        func text(_ suffix: String) throws -> String {
            try String(contentsOfFile: "\(directory)/\(name).\(suffix)", encoding: .utf8)
        }
        return (try text("crt"), try text("key"), "\(directory)/\(name).crt")
    }

    private static func curl(_ arguments: String...) async throws -> (isSuccess: Bool, output: String) {
        try await curl(arguments)
    }

    private static func curl(_ arguments: [String]) async throws -> (isSuccess: Bool, output: String) {
        let (status, output) = try await ChildProcess.run(
            "curl",
            ["--silent", "--show-error", "--max-time", "60"] + arguments
        )
        return (status.isSuccess, output)
    }

    @Test("speaks TLS with the certificate it was given, and with a new one as soon as there is one")
    func encrypted() async throws {
        let directory = try TemporaryDirectory.create(prefix: "tenure-listener")
        defer { TemporaryDirectory.remove(directory) }
        let (first, second) = (
            try await Self.certificate("first", in: directory), try await Self.certificate("second", in: directory)
        )
        let certificate = try ListenerCertificate(chain: first.chain, key: first.key)
        try await APIFixture.with(owned: false, setup: .live) {
            $0.certificate = certificate
        } _: { api in
            let url = "https://localhost:\(try #require(api.client.port))/healthz"
            let answer = try await Self.curl("--cacert", first.file, url)
            #expect(answer.output == #"{"status":"alive"}"#)
            #expect(try await !Self.curl("--cacert", second.file, url).isSuccess)
            // Old on both sides: else curl itself would refuse.
            let old = ["--tls-max", "1.1", "--ciphers", "ALL:@SECLEVEL=0"]
            #expect(try await !Self.curl(["--cacert", first.file, url] + old).isSuccess)
            #expect(try await !Self.curl(url.replacing("https:", with: "http:")).isSuccess)
            let cookie = try await Self.curl(
                "--cacert",
                first.file,
                "--include",
                "--request",
                "DELETE",
                url.replacing("healthz", with: "api/session")
            )
            #expect(cookie.output.contains("Secure"))

            #expect(throws: ListenerCertificateError.self) {
                try certificate.replace(chain: second.chain, key: first.key)
            }
            #expect(throws: ListenerCertificateError.self) { try certificate.replace(chain: "none", key: second.key) }
            #expect(throws: ListenerCertificateError.self) { try certificate.replace(chain: second.chain, key: "none") }
            #expect(try await Self.curl("--cacert", first.file, url).isSuccess)
            try certificate.replace(chain: second.chain, key: second.key)
            #expect(try await Self.curl("--cacert", second.file, url).isSuccess)
            #expect(try await !Self.curl("--cacert", first.file, url).isSuccess)
        }
    }

    @Test("a trace that began elsewhere goes on here: in the answer and in the log")
    func trace() async throws {
        try await APIFixture.offline { api in
            let (name, trace) = (HTTPField.Name("traceparent")!, "4bf92f3577b34da6a3ce929d0e0e4736")
            let header = "00-\(trace)-00f067aa0ba902b7-01"
            let answer = try await api.post(
                "/api/live-strategy/start",
                #"{"symbol": "BUGUSDT", "mode": "scalp", "interval": "1m"}"#,
                headers: [name: header]
            )
            #expect(answer.status == .internalServerError)
            let own = try #require(answer.headers[name])
            #expect(own.wholeMatch(of: /00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01/) != nil)
            #expect(own != header)
            let logged = try #require(api.log.metadata(of: "Unexpected error while answering a request"))
            #expect(logged["trace.id"] == "\(trace)")
            #expect(logged["span.id"].map { own.contains("\($0)") } == true)
            let zeros = String(repeating: "0", count: 32)
            for wrong in [
                "", "00", "00-\(zeros)-00f067aa0ba902b7-01", "ff-\(trace)-00f067aa0ba902b7-01", header.uppercased(),
                header + "-1",
            ] {
                #expect(try await api.get("/healthz", headers: [name: wrong]).headers[name] == nil)
            }
        }
    }
}
