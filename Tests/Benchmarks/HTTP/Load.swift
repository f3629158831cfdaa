import LocalCluster

/// How much wrk asks at once, and how long.
struct Load {
    let seconds: Int
    let connections: Int

    /// - Parameters:
    ///   - headers: Further ones.
    ///   - script: A Lua file that makes the requests; nil: they are all GET.
    func run(_ url: String, headers: [String] = [], script: String? = nil) async throws -> Rate {
        var arguments = ["-t1", "-c\(connections)", "-d\(seconds)s", "--latency", "--timeout", "30s"]
        for header in headers { arguments += ["-H", header] }
        if let script { arguments += ["-s", script] }
        let output = try await ChildProcess.runSuccessfully("wrk", arguments + [url])
        guard let rate = Rate(output) else { throw BenchmarkError("wrk printed no figures:\n\(output)") }
        return rate
    }
}

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
