/// Asks, and waits for the answer no longer than so: what is still being asked then is cancelled.
///
/// - Throws: What `ask` throws, or `late` if there is no answer in time.
package func withTimeLimit<Answer: Sendable>(
    _ limit: Duration,
    otherwise late: APIUnavailable,
    _ ask: @escaping @Sendable () async throws -> Answer
) async throws -> Answer {
    try await withThrowingTaskGroup(of: Answer.self) { group in
        defer { group.cancelAll() }
        group.addTask { try await ask() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw late
        }
        guard let answer = try await group.next() else { preconditionFailure("there are two tasks") }
        return answer
    }
}
