/// How log lines look.
package enum LogFormat: String, Sendable, CaseIterable {
    /// For people: `2025-04-01T12:00:00.123Z INFO message key=value`.
    case text
    /// For programs: one JSON object a line, the same text as `message`, metadata as further members.
    case json
}
