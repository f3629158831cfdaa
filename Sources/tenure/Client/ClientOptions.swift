import ArgumentParser
import AsyncHTTPClient
import FoundationEssentials
import Trading

/// What all commands take that ask a running cluster.
struct ClientOptions: ParsableArguments {
    @Option(help: "The load balancer, or any replica. (default: TENURE_URL, else http://127.0.0.1:8080)")
    var url: String?

    @Option(
        help: ArgumentHelp(
            "The file that holds your access token. (default: TENURE_TOKEN_FILE, else the token itself in TENURE_TOKEN)",
            valueName: "path"
        ),
        completion: .file()
    )
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            "Certificates (PEM) that are trusted instead of those that this machine trusts. (default: TENURE_CA_FILE)",
            valueName: "path"
        ),
        completion: .file()
    )
    var caFile: String?

    @Flag(help: "Print JSON, for programs.")
    var json = false

    /// - Throws: An `ExitCode`, with what is wrong said already.
    func client() throws -> APIClient {
        let environment = ProcessInfo.processInfo.environment
        let url = url ?? environment["TENURE_URL"] ?? "http://127.0.0.1:8080"
        var token = environment["TENURE_TOKEN"]
        if let path = tokenFile ?? environment["TENURE_TOKEN_FILE"] {
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw fail("the file \"\(path)\" cannot be read (--token-file, TENURE_TOKEN_FILE)", code: 66)
            }
            token = String(text.trimmed)
        }
        let http: HTTPClient
        let authority = caFile ?? environment["TENURE_CA_FILE"]
        do { http = try APIConnection.client(trusting: authority) } catch {
            throw fail(
                "the file \"\(authority ?? "")\" holds no certificates (--ca-file, TENURE_CA_FILE): \(error)",
                code: 66
            )
        }
        guard let client = APIClient(url: url, token: token, http: http) else {
            throw fail(
                "\"\(url)\" is not an address that begins with http:// or https:// (--url, TENURE_URL)",
                code: 64
            )
        }
        return client
    }

    /// Prints what the API answered: as it is, or as people like it.
    func print(_ answer: JSONValue, _ text: (JSONValue) -> String) {
        Swift.print(json ? answer.text : text(answer))
    }
}
