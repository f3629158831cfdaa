import AsyncHTTPClient
import LocalCluster
import NIOCore

/// What a replica shows to Prometheus at one moment.
struct Metrics: Sendable {
    private let lines: [Substring]

    init(of replica: Replica) async throws {
        let request = HTTPClientRequest(url: "\(replica.url)/metrics")
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        lines = String(buffer: try await response.body.collect(upTo: 16 << 20)).split(separator: "\n")
    }

    /// The value of a time series, given as in `tenure_strategies{status="running"}`; nil if there is no such.
    func value(_ series: String) -> Double? {
        lines.first { $0.hasPrefix(series + " ") }.flatMap { Double($0.dropFirst(series.count + 1)) }
    }
}
