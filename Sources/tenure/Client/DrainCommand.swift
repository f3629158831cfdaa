import ArgumentParser
import Trading

struct DrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Lets a replica hand its strategies over and go.",
        discussion: """
            Its process ends with status 0; whatever supervises it decides whether it is started again. Asking twice does \
            no harm.

            Examples:
              tenure drain replica-2 --wait
              tenure drain 17
            """
    )

    /// Between two looks at a replica that is leaving. From outside, there is only asking.
    private static let pause = Duration.milliseconds(200)

    @Argument(help: "The replica's id, or its name.")
    var replica: String

    @Flag(help: "Return when it is gone; fail if it did not end properly.")
    var wait = false

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let client = try options.client()
        let id = try await id(client)
        let answer = try await client.post("/api/replicas/\(id)/drain")
        guard wait else { return options.print(answer) { "\(Self.title($0)) is handing over." } }
        try await withProgress("Handing over") {
            while let now = try await Self.look(for: id, client) {
                if let reason = now["fenced_reason"]?.string {
                    throw fail("\(Self.title(now)) did not end properly: it was fenced (\(reason))", code: 1)
                }
                try await Task.sleep(for: Self.pause)
            }
        }
        options.print(answer) { "\(Self.title($0)) has handed everything over and is gone." }
    }

    /// The id of the one replica that is meant.
    private func id(_ client: APIClient) async throws -> Int {
        if let id = Int(replica) { return id }
        let named = (try await client.get("/api/replicas")["items"]?.array ?? []).filter {
            $0["name"]?.string == replica && $0["status"]?.string != "fenced"
        }
        guard let first = named.first?["id"]?.integer else {
            throw fail(
                "There is no replica named \"\(replica)\": `tenure replicas` lists those that there are.",
                code: 1
            )
        }
        guard named.count == 1 else {
            let ids = named.map { $0["id"].cell }.joined(separator: ", ")
            throw fail("\(named.count) replicas are named \"\(replica)\": say which by its id (\(ids)).", code: 1)
        }
        return first
    }

    private static func look(for id: Int, _ client: APIClient) async throws -> JSONValue? {
        try await client.get("/api/replicas")["items"]?.array?.first { $0["id"]?.integer == id }
    }

    private static func title(_ replica: JSONValue) -> String {
        "Replica \(replica["id"].cell) (\(replica["name"].cell))"
    }
}
