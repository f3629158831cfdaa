import Glibc

/// One call of `posix_spawn`: a new session, default signals, no descriptor but the standard ones.
struct SpawnedProgram {
    var path: String
    var arguments: [String]
    var environment: [String: String]
    /// Nil: `/dev/null`.
    var standardInput: Int32?
    /// Standard output and error; nil: `/dev/null`.
    var standardOutput: Int32?
    /// Overrides `standardOutput`: both stay what they are in this process.
    var inheritsOutput = false

    /// Starts the program.
    ///
    /// - Returns: Its pid, which is also the id of its session and process group.
    func spawn() throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let standardInput {
            posix_spawn_file_actions_adddup2(&actions, standardInput, STDIN_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        }
        if !inheritsOutput {
            if let standardOutput {
                posix_spawn_file_actions_adddup2(&actions, standardOutput, STDOUT_FILENO)
            } else {
                posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
            }
            posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        }
        Self.closeOthers(&actions)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        // Signals that this process ignores would stay ignored in the child.
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let newSession: Int32 = 0x80  // POSIX_SPAWN_SETSID, which the Glibc module leaves out
        let setMask: Int32 = 0x08
        let setDefaults: Int32 = 0x04
        posix_spawnattr_setflags(&attributes, Int16(newSession | setMask | setDefaults))

        var argumentPointers = ([path] + arguments).map { strdup($0) }
        var environmentPointers = environment.map { strdup("\($0.key)=\($0.value)") }
        defer {
            for pointer in argumentPointers + environmentPointers { free(pointer) }
        }
        argumentPointers.append(nil)
        environmentPointers.append(nil)
        var pid: pid_t = 0
        let result = posix_spawn(&pid, path, &actions, &attributes, argumentPointers, environmentPointers)
        guard result == 0 else {
            throw ChildProcessError(
                code: result == ENOENT ? .notFound : .notStarted,
                message: "\(path) could not be started: \(String(cString: strerror(result)))"
            )
        }
        return pid
    }

    /// Descriptors that were opened without `O_CLOEXEC`, here or in a library, do not reach the child.
    private static func closeOthers(_ actions: inout posix_spawn_file_actions_t) {
        // In glibc since 2.34, but not in the Glibc module.
        typealias Function = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return }
        _ = unsafeBitCast(symbol, to: Function.self)(&actions, STDERR_FILENO + 1)
    }

    /// Two connected sockets that no child inherits.
    static func socketPair() throws -> (Int32, Int32) {
        var descriptors: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &descriptors) == 0 else {
            throw ChildProcessError(
                code: .notStarted,
                message: "no socket pair: \(String(cString: strerror(errno)))"
            )
        }
        return (descriptors[0], descriptors[1])
    }

    /// A pipe: the end to read from, the end to write to.
    static func pipePair() throws -> (reading: Int32, writing: Int32) {
        var descriptors: [Int32] = [-1, -1]
        guard pipe(&descriptors) == 0 else {
            throw ChildProcessError(code: .notStarted, message: "no pipe: \(String(cString: strerror(errno)))")
        }
        for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return (descriptors[0], descriptors[1])
    }

    /// Writes to a socket whose other end may be gone: no SIGPIPE.
    static func send(_ text: String, to socket: Int32) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }
}
