import Glibc
import Synchronization

/// Where the cluster's own words and the lines of its processes are shown together.
package final class Terminal: Sendable {
    /// Standard output: in colour where it is a terminal and `NO_COLOR` is not set.
    package static let standardOutput = Terminal(
        isColoured: isatty(STDOUT_FILENO) == 1 && ProcessEnvironment.current["NO_COLOR"] == nil
    ) { text in
        let bytes = Array(text.utf8)
        _ = write(STDOUT_FILENO, bytes, bytes.count)
    }

    /// Shows nothing.
    package static let silent = Terminal(isColoured: false) { _ in }

    private let isColoured: Bool
    private let output: Mutex<@Sendable (String) -> Void>

    package init(isColoured: Bool, write: @escaping @Sendable (String) -> Void) {
        self.isColoured = isColoured
        output = Mutex(write)
    }

    /// Shows lines as they are.
    package func show(_ text: String) {
        output.withLock { $0(text + "\n") }
    }

    /// Shows a line of one of the processes.
    ///
    /// - Parameter index: Which of them it is: chooses the colour.
    package func show(_ line: String, from name: String, index: Int) {
        let prefix = name + String(repeating: " ", count: max(0, 9 - name.count)) + " | "
        let colours = [36, 33, 32, 35, 34, 31]
        let shown = isColoured ? "\u{1b}[\(colours[index % colours.count])m\(prefix)\u{1b}[0m" : prefix
        show(shown + line)
    }
}
