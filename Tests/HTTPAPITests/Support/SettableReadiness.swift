import HTTPAPI
import Synchronization

/// Readiness as a test wants it.
final class SettableReadiness: ReadinessSource {
    private let value = Mutex(Readiness.ready)

    func set(_ readiness: Readiness) { value.withLock { $0 = readiness } }
    func readiness() async -> Readiness { value.withLock { $0 } }
}
