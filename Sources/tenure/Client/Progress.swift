import Glibc

/// Waits for `body`; from the first second on it says on standard error, if that is a terminal, for what and for how long.
func withProgress<Result: Sendable>(
    _ what: String,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    guard isatty(STDERR_FILENO) == 1 else { return try await body() }
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            let begun = ContinuousClock.now
            defer { show("\r\u{1B}[K") }
            while true {
                // Ends when the other one has: its cancellation is how it is told.
                try await Task.sleep(for: .seconds(1))
                show("\r\(what) … \(begun.duration(to: .now).components.seconds) s")
            }
        }
        defer { group.cancelAll() }
        while let result = try await group.next() {
            if let result {
                group.cancelAll()
                // The line is gone before anything else is printed.
                while (try? await group.next()) != nil {}
                return result
            }
        }
        throw CancellationError()
    }
}

private func show(_ text: String) {
    var text = text
    text.withUTF8 { bytes in _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
}
