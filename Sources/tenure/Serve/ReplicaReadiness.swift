import Coordination
import HTTPAPI
import Hosting

/// What this replica's state means for the load balancer.
struct ReplicaReadiness: ReadinessSource {
    let replica: ReplicaService
    let halt: HaltSwitch

    var isHalted: Bool { halt.isHalted }

    func readiness() async -> Readiness {
        switch replica.status {
        case .member: .ready
        case .joining:
            .unready(
                .joining,
                detail: "This replica is joining: it waits for the database, or for its place in the cluster."
            )
        case .suspended:
            .unready(.suspended, detail: "The database cannot be reached: nothing is traded here until it is back.")
        case .draining, .stopped:
            .unready(.draining, detail: "This replica hands its strategies over and goes.")
        }
    }
}
