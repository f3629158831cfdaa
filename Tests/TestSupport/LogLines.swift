package import Logging
import Synchronization

/// Keeps the messages that a logger was given.
package final class LogLines: Sendable {
    private let lines = Mutex<[(text: String, metadata: Logger.Metadata)]>([])

    package init() {}

    package var all: [String] { lines.withLock { $0.map(\.text) } }

    /// What was said along with a message; nil if there was no such message.
    package func metadata(of line: String) -> Logger.Metadata? {
        lines.withLock { $0.first { $0.text == line }?.metadata }
    }

    package func count(_ line: String) -> Int { all.count { $0 == line } }

    package var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            lines.lines.withLock { $0.append(("\(event.message)", all)) }
        }
    }
}
