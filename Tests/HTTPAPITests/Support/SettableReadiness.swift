import HTTPAPI
import Synchronization

/// Readiness as a test wants it.
final class SettableReadiness: ReadinessSource {
    private let value = Mutex(Readiness.ready)
    private let halted = Mutex(false)

    func set(_ readiness: Readiness) { value.withLock { $0 = readiness } }
    func setHalted(_ isHalted: Bool) { halted.withLock { $0 = isHalted } }
    var isHalted: Bool { halted.withLock { $0 } }
    func readiness() async -> Readiness { value.withLock { $0 } }
}
