/// What a child process is started with.
package struct ChildProcessConfiguration: Sendable {
    /// Where standard output and standard error go, together.
    package enum Output: Sendable {
        case discard
        /// Appended to a file, which is created where it is missing.
        case file(String)
        /// Line by line, without the line end, on a thread that belongs to this child alone.
        case lines(@Sendable (String) -> Void)
        /// To this process's own standard output and error.
        case inherit
    }

    /// A path, or a name to be looked up in `PATH`.
    package var program: String
    package var arguments: [String]
    /// The whole environment of the child.
    package var environment: [String: String]
    package var workingDirectory: String?
    package var output: Output
    /// What the child gets when this process ends, however it ends.
    package var signalOnParentDeath: ProcessSignal
    /// Directories to remove when this process ends, once the child is gone.
    package var directoriesToRemoveOnParentDeath: [String] = []

    package init(
        program: String,
        arguments: [String] = [],
        environment: [String: String] = ProcessEnvironment.current,
        workingDirectory: String? = nil,
        output: Output = .discard,
        signalOnParentDeath: ProcessSignal = .kill
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.output = output
        self.signalOnParentDeath = signalOnParentDeath
    }
}
