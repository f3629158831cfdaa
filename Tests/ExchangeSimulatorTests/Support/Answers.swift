import Synchronization
import Trading

/// Answers put aside to be compared.
final class Answers: Sendable {
    private let state: Mutex<[JSONValue]> = Mutex([])

    func add(_ answer: JSONValue) { state.withLock { $0.append(answer) } }

    var all: [JSONValue] { state.withLock { $0 } }
}
