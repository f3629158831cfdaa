import Synchronization

/// The lines a child has written, for later; all of them, or only the last ones.
final class LineCollector: Sendable {
    private let lines = Mutex<[String]>([])
    private let limit: Int

    init(keepingLast limit: Int = .max) {
        self.limit = limit
    }

    func append(_ line: String) {
        lines.withLock { lines in
            lines.append(line)
            if lines.count > limit { lines.removeFirst() }
        }
    }

    var joined: String {
        lines.withLock { $0.joined(separator: "\n") }
    }
}
