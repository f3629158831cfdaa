import Coordination
import Synchronization

/// Tells what sends orders whether this replica may still believe that it owns what it runs. The replica is made after what asks.
final class ReplicaTrust: Sendable {
    private let replica = Mutex<ReplicaService?>(nil)

    func follow(_ replica: ReplicaService) { self.replica.withLock { $0 = replica } }

    var isGiven: Bool { replica.withLock { $0 }?.isTrusted ?? false }
}
