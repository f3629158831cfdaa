/// Waits for something that can only be found out by asking.
///
/// For everything that announces itself (a notification, a log line, the end of a process) wait for that instead.
///
/// - Parameters:
///   - limit: When to give up.
///   - what: What is waited for, for the message.
///   - condition: Asked again and again, with short pauses. While it throws, it is not true.
/// - Throws: ``EventuallyTimedOut``, which fails the test.
package func eventually(
    within limit: Duration = .seconds(60),
    _ what: String = "the condition",
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    var pause = Duration.milliseconds(5)
    while true {
        var lastError: (any Error)?
        do {
            if try await condition() { return }
        } catch {
            lastError = error
        }
        guard ContinuousClock.now < deadline else {
            throw EventuallyTimedOut(what: what, limit: limit, lastError: lastError)
        }
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(100))
    }
}
