import Synchronization

/// What a process has written, to look back at and to wait for.
package final class OutputLines: Sendable {
    private struct Waiter {
        let text: String
        let line: OneTimeValue<String>
    }

    private struct State {
        var lines: [String] = []
        var waiters: [Waiter] = []
    }

    private static let limit = 2_000
    private let state = Mutex(State())

    package init() {}

    /// The last lines, oldest first.
    package var recent: [String] {
        state.withLock { $0.lines }
    }

    /// Waits for the first line, of those written already or later, that contains a text.
    ///
    /// - Throws: `CancellationError` when the waiting task is cancelled.
    package func first(containing text: String) async throws -> String {
        try await waiter(for: text, lookingBack: true).wait()
    }

    /// Waits for the next line that contains a text, from now on.
    ///
    /// - Throws: `CancellationError` when the waiting task is cancelled.
    package func next(containing text: String) async throws -> String {
        try await waiter(for: text, lookingBack: false).wait()
    }

    package func append(_ line: String) {
        let found = state.withLock { state in
            state.lines.append(line)
            if state.lines.count > Self.limit { state.lines.removeFirst(Self.limit / 4) }
            let found = state.waiters.filter { line.contains($0.text) }
            if !found.isEmpty { state.waiters.removeAll { line.contains($0.text) } }
            return found
        }
        for waiter in found { waiter.line.set(line) }
    }

    private func waiter(for text: String, lookingBack: Bool) -> OneTimeValue<String> {
        let value = OneTimeValue<String>()
        let written = state.withLock { state -> String? in
            if lookingBack, let line = state.lines.first(where: { $0.contains(text) }) { return line }
            state.waiters.append(Waiter(text: text, line: value))
            return nil
        }
        if let written { value.set(written) }
        return value
    }
}
