import ArgumentParser
import FoundationEssentials
import Trading

/// What all commands take that ask a running cluster.
struct ClientOptions: ParsableArguments {
    @Option(help: "The load balancer, or any replica. (default: TENURE_URL, else http://127.0.0.1:8080)")
    var url: String?

    @Flag(help: "Print JSON, for programs.")
    var json = false

    /// - Throws: An `ExitCode`, with what is wrong said already.
    func client() throws -> APIClient {
        let url = url ?? ProcessInfo.processInfo.environment["TENURE_URL"] ?? "http://127.0.0.1:8080"
        guard let client = APIClient(url: url) else {
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
