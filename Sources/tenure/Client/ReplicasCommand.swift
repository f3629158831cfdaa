import ArgumentParser
import Trading

struct ReplicasCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replicas",
        abstract: "Shows the replicas: what they carry, and how long their leases hold.",
        discussion: "Example: tenure replicas --json"
    )

    @OptionGroup var options: ClientOptions

    func run() async throws {
        options.print(try await options.client().get("/api/replicas"), Self.text)
    }

    static func text(_ answer: JSONValue) -> String {
        var table = TextTable([
            "ID", "NAME", "STATUS", "LOAD", "CAPACITY", "SHARDS", "LEASE MS", "PID", "HOST", "VERSION",
        ])
        for replica in answer["items"]?.array ?? [] {
            let status = replica["status"].cell
            let reason = replica["fenced_reason"]?.string.map { " (\($0))" } ?? ""
            table.add(
                [replica["id"].cell, replica["name"].cell, status + reason]
                    + ["load", "capacity", "shards", "lease_remaining_ms", "pid", "host", "version"].map {
                        replica[$0].cell
                    }
            )
        }
        return table.text
    }
}
