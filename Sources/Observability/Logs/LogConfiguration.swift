package import Logging

/// What is logged, and how.
package struct LogConfiguration: Sendable {
    package var format: LogFormat
    package var level: Logger.Level

    package init(format: LogFormat = .text, level: Logger.Level = .info) {
        self.format = format
        self.level = level
    }

    /// Makes this the backend of every `Logger` of the process. Once, at its start.
    package func bootstrap(output: LogOutput = .standardOutput) {
        LoggingSystem.bootstrap { label in
            LineLogHandler(label: label, format: format, level: level, output: output)
        }
    }
}
