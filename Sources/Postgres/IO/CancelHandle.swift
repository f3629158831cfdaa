internal import CLibPQ
import Glibc
import Synchronization

/// Asks the server to cancel what a connection is executing.
///
/// Unchecked: libpq made the handle a copy of its own, for use on any one thread; it is used on one, once.
final class CancelHandle: @unchecked Sendable {
    private final class Outcome: Sendable {
        let message: Mutex<String?>

        init(_ message: String) {
            self.message = Mutex(message)
        }
    }

    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) {
        self.handle = handle
    }

    deinit {
        PQfreeCancel(handle)
    }

    /// Returns when the server has taken the request, or could not be reached, or the time is up.
    ///
    /// libpq's call blocks, for ever if something accepts the request and does not answer, and nobody knows the socket that
    /// it opens. So two threads get descriptors of their own, among which that socket is the only one: one of them makes
    /// the call, the other shuts the socket down when the time is up.
    ///
    /// - Returns: libpq's message if it failed.
    func send(within limit: Duration) -> String? {
        let outcome = Outcome("no answer within \(limit)")
        let isOver = Semaphore()
        Thread.start(name: "postgres-cancel") { [self] in
            let hasOwnDescriptors = clibpq_leave_descriptors() == 0
            let isAnswered = Semaphore()
            Thread.start(name: "postgres-cancel") { [self] in
                let message = request()
                outcome.message.withLock { $0 = message }
                isAnswered.signal()
            }
            // The first after the standard ones. An old kernel cannot do this: then the other thread is left to itself.
            if !isAnswered.wait(for: limit), hasOwnDescriptors { shutdown(3, Int32(SHUT_RDWR)) }
            isOver.signal()
        }
        isOver.wait()
        return outcome.message.withLock { $0 }
    }

    private func request() -> String? {
        var message = [CChar](repeating: 0, count: 256)
        let code = message.withUnsafeMutableBufferPointer { buffer in
            PQcancel(handle, buffer.baseAddress, Int32(buffer.count))
        }
        guard code != 1 else { return nil }
        let text = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return ConnectionMessage(text).text
    }
}
