import Coordination
import Synchronization

/// Tells what is made before the replica what that knows.
final class ReplicaKnowledge: Sendable {
    private let replica = Mutex<ReplicaService?>(nil)

    func follow(_ replica: ReplicaService) { self.replica.withLock { $0 = replica } }

    /// Whether it may still be believed that what runs here is owned here.
    var isTrusted: Bool { replica.withLock { $0 }?.isTrusted ?? false }

    /// How many replicas there are, this one included.
    var replicas: Int { replica.withLock { $0 }?.memberCount ?? 1 }
}
