import CoreMetrics
import Metrics

/// What a replica measures of its own life.
struct ReplicaMetrics: Sendable {
    private let roundTrip: Recorder
    private let detection: Recorder
    private let claim: Recorder

    init(factory: any MetricsFactory) {
        roundTrip = Recorder(label: "tenure_database_round_trip_seconds", factory: factory)
        func step(_ name: String) -> Recorder {
            Recorder(label: "tenure_failover_seconds", dimensions: [("step", name)], factory: factory)
        }
        detection = step("detection")
        claim = step("claim")
    }

    /// Of a heartbeat: from sending it to its answer.
    func recordRoundTrip(_ duration: Duration) { roundTrip.record(duration / .seconds(1)) }

    /// From the last heartbeat of a replica until this one fenced it.
    func recordDetection(_ duration: Duration) { detection.record(duration / .seconds(1)) }

    /// From asking for shards to having them.
    func recordClaim(_ duration: Duration) { claim.record(duration / .seconds(1)) }
}
