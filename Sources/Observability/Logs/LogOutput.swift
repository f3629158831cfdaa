import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where log lines go: a file descriptor, one line at a time.
package final class LogOutput: Sendable {
    package static let standardOutput = LogOutput(descriptor: 1)
    package static let standardError = LogOutput(descriptor: 2)

    /// Held while a line is written, so that lines never mix.
    private let descriptor: Mutex<Int32>

    package init(descriptor: Int32) {
        self.descriptor = Mutex(descriptor)
    }

    /// Writes the whole line at once. A line that cannot be written (the reader is gone, the disk is full) is dropped:
    /// logging must never stop what is being logged.
    func write(_ line: String) {
        var line = line
        line.withUTF8 { bytes in
            descriptor.withLock { descriptor in
                var rest = UnsafeRawBufferPointer(bytes)
                while let start = rest.baseAddress, !rest.isEmpty {
                    #if canImport(Glibc)
                        let written = Glibc.write(descriptor, start, rest.count)
                    #elseif canImport(Musl)
                        let written = Musl.write(descriptor, start, rest.count)
                    #else
                        let written = Darwin.write(descriptor, start, rest.count)
                    #endif
                    if written > 0 {
                        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
                    } else if written < 0, errno == EAGAIN {
                        // Somebody made the descriptor non-blocking: wait until it takes more.
                        var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                        _ = withUnsafeMutablePointer(to: &poll) { pointer in systemPoll(pointer) }
                    } else if written == 0 || errno != EINTR {
                        return
                    }
                }
            }
        }
    }
}

private func systemPoll(_ descriptor: UnsafeMutablePointer<pollfd>) -> Int32 {
    poll(descriptor, 1, -1)
}
