/// A child process could not be started, or a program that was run to its end failed.
package struct ChildProcessError: Error, CustomStringConvertible {
    package enum Code: Sendable {
        case notFound
        case notStarted
        case failed
    }

    package let code: Code
    /// What happened, and what to do about it.
    package let message: String

    package var description: String { message }
}
