import LocalCluster

/// Requests that change nothing, beside the greeter.
struct RequestRates {
    let bench: BenchmarkCluster
    let load: Load

    func measure(rounds: Int) async throws {
        let (replica, cluster) = (bench.replica.url, bench.cluster.url)
        let status = "/api/live-strategy/status"
        let contestants: [(name: String, url: String, headers: [String])] = [
            ("bare Hummingbird", bench.helloURL, []),
            ("GET /healthz, one replica", "\(replica)/healthz", []),
            ("GET /healthz, through HAProxy", "\(cluster)/healthz", []),
            ("GET status, one replica", replica + status, []),
            ("GET status, through HAProxy", cluster + status, []),
            ("GET status, one replica, gzip", replica + status, ["Accept-Encoding: gzip"]),
        ]
        var series = contestants.map { Series($0.name) }
        // The first one warms up.
        for round in 0...rounds {
            for (index, contestant) in contestants.enumerated() {
                let rate = try await load.run(contestant.url, headers: contestant.headers)
                if round > 0 { series[index].add(rate) }
            }
        }
        print("\(load.connections) connections, \(load.seconds) s each, \(rounds) rounds (medians)")
        print(Series.heading)
        for one in series { print(one.line) }
        report("/healthz, to a bare Hummingbird", series[1].ratio(to: series[0]), goal: 0.6)
        report("status, to /healthz", series[3].ratio(to: series[1]))
    }
}
