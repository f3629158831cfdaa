package import Logging

/// Writes each event as one line, in one of the two formats.
package struct LineLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LogFormat
    private let output: LogOutput

    package init(label: String, format: LogFormat, level: Logger.Level, output: LogOutput) {
        self.label = label
        self.format = format
        logLevel = level
        self.output = output
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        output.write(line(of: event, at: LogClock.now()) + "\n")
    }

    /// The line without its end; `time` comes first so that a file of them sorts.
    func line(of event: LogEvent, at time: String) -> String {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let own = event.metadata { fields.merge(own) { $1 } }
        if let error = event.error {
            fields["error.message"] = "\(error)"
            fields["error.type"] = "\(String(reflecting: type(of: error)))"
        }
        let sorted = fields.sorted { $0.key < $1.key }
        return switch format {
        case .text: TextLogLine.make(time: time, level: event.level, message: event.message.description, fields: sorted)
        case .json:
            JSONLogLine.make(
                time: time,
                level: event.level,
                logger: label,
                message: event.message.description,
                fields: sorted
            )
        }
    }
}
